import type { ParsedNode } from 'yaml';
import { isAlias, isCollection, isMap, isScalar, isSeq } from 'yaml';
import type { DataPath, Finding } from './finding.ts';
import type { YamlTree } from './parse-yaml.ts';
import type { TextProblem, TextRange } from './source-text.ts';

/** Gives a finding its place in the text. What a key marks is the key; without one (list items) the first key inside. */
export function locateFinding(tree: YamlTree, finding: Finding): TextProblem {
  const place = findPlace(tree, finding.path);
  const node = finding.at === 'value' && canBeMarked(place.value) ? place.value : place.key;
  const { start, end } = rangeOf(node ?? firstInside(place.value));
  return { start, end, message: finding.message, hint: finding.hint };
}

interface Place {
  readonly key: ParsedNode | undefined;
  readonly value: ParsedNode | null;
}

function findPlace(tree: YamlTree, path: DataPath): Place {
  let place: Place = { key: undefined, value: tree.root };
  for (const segment of path) {
    const next = step(tree, place.value, segment);
    if (next === undefined) break;
    place = next;
  }
  return place;
}

function step(tree: YamlTree, node: ParsedNode | null, segment: string | number): Place | undefined {
  const inside = follow(tree, node);
  if (isSeq(inside)) {
    const item = inside.items[Number(segment)];
    return item === undefined ? undefined : { key: undefined, value: item };
  }
  return isMap(inside) ? (ownPair(inside, segment) ?? mergedPair(tree, inside, segment)) : undefined;
}

function ownPair(map: ParsedNode, segment: string | number): Place | undefined {
  if (!isMap(map)) return undefined;
  return map.items.findLast(({ key }) => isScalar(key) && String(key.value) === String(segment));
}

function mergedPair(tree: YamlTree, map: ParsedNode, segment: string | number): Place | undefined {
  const merged = follow(tree, ownPair(map, '<<')?.value ?? null);
  const sources = isSeq(merged) ? merged.items : [merged];
  for (const source of sources) {
    const found = source === null ? undefined : step(tree, source, segment);
    if (found !== undefined) return found;
  }
  return undefined;
}

function follow(tree: YamlTree, node: ParsedNode | null): ParsedNode | null {
  return isAlias(node) ? (tree.targets.get(node) ?? null) : node;
}

/** Blocks are marked at their key, and so are empty values. */
function canBeMarked(node: ParsedNode | null): node is ParsedNode {
  return node !== null && !isCollection(node) && node.range[1] > node.range[0];
}

function firstInside(node: ParsedNode | null): ParsedNode | null {
  if (isMap(node)) return node.items[0]?.key ?? node;
  return node;
}

function rangeOf(node: ParsedNode | null): TextRange {
  return node === null ? { start: 0, end: 0 } : { start: node.range[0], end: node.range[1] };
}
