import type { Alias, ParsedNode, YAMLMap, YAMLSeq } from 'yaml';
import { isAlias, isMap, isScalar, isSeq } from 'yaml';
import type { TextProblem } from './source-text.ts';

/** What one walk over a YAML tree finds, in the order of the text. */
export interface Walked {
  /** What each alias stands for. */
  readonly targets: ReadonlyMap<Alias, ParsedNode>;
  /** Keys given twice: the tree can be used nevertheless, the last one counts. */
  readonly repeated: readonly TextProblem[];
  /** Aliases that lead nowhere or to themselves, merges of what is no map, and trees too large or too deep to be used at all. */
  readonly fatal: readonly TextProblem[];
}

/** Largest number of values, aliases followed: what a validator would have to look at. */
export const MAX_VALUES = 100_000;
const MAX_ALIASES = 1000;
const MAX_DEPTH = 50;

/**
 * Resolves aliases, finds repeated keys, and proves that following the aliases ends and stays small. Time is
 * linear in the text, whatever the aliases would expand to.
 */
export function walkNodes(root: ParsedNode | null): Walked {
  const walk: Walk = {
    anchors: new Map(),
    targets: new Map(),
    sizes: new Map(),
    repeated: [],
    fatal: [],
    values: 0,
    depth: 0,
  };
  if (root !== null) visit(root, walk);
  return walk;
}

interface Walk {
  readonly anchors: Map<string, ParsedNode>;
  readonly targets: Map<Alias, ParsedNode>;
  /** Only nodes whose end was reached: an alias to any other is a circle. */
  readonly sizes: Map<ParsedNode, number>;
  readonly repeated: TextProblem[];
  readonly fatal: TextProblem[];
  values: number;
  depth: number;
}

function visit(node: ParsedNode, walk: Walk): number {
  if (walk.fatal.length > 0) return 0;
  if (isAlias(node)) return visitAlias(node, walk);
  if (node.anchor !== undefined) walk.anchors.set(node.anchor, node);
  count(1, node, walk);
  walk.depth += 1;
  if (walk.depth > MAX_DEPTH) fail(node, walk, `nested more than ${MAX_DEPTH} levels deep`);
  const size = 1 + sizeOfChildren(node, walk);
  walk.depth -= 1;
  walk.sizes.set(node, size);
  return size;
}

function sizeOfChildren(node: ParsedNode, walk: Walk): number {
  if (isMap(node)) return visitMap(node, walk);
  if (isSeq(node)) return visitSeq(node, walk);
  return 0;
}

function visitSeq(node: YAMLSeq.Parsed, walk: Walk): number {
  return node.items.reduce((sum, item) => sum + visit(item, walk), 0);
}

function visitMap(node: YAMLMap.Parsed, walk: Walk): number {
  const firsts = new Map<unknown, ParsedNode>();
  let sum = 0;
  for (const { key, value } of node.items) {
    const name = isScalar(key) ? key.value : undefined;
    if (name !== undefined && name !== '<<') noteKey(key, firsts, walk);
    sum += visit(key, walk) + (value === null ? 0 : visit(value, walk));
    if (name === '<<' && !canBeMerged(value, walk))
      fail(value ?? key, walk, '<< takes maps only', MERGE_HINT);
  }
  return sum;
}

const MERGE_HINT = 'write <<: *NAME, where &NAME marks a map above';

function canBeMerged(value: ParsedNode | null, walk: Walk): boolean {
  const source = aliased(value, walk);
  return isSeq(source) ? source.items.every((item) => isMap(aliased(item, walk))) : isMap(source);
}

function aliased(node: ParsedNode | null, walk: Walk): ParsedNode | undefined {
  return isAlias(node) ? walk.targets.get(node) : (node ?? undefined);
}

function noteKey(key: ParsedNode, firsts: Map<unknown, ParsedNode>, walk: Walk): void {
  const name = isScalar(key) ? String(key.value) : '';
  if (!firsts.has(name)) firsts.set(name, key);
  else
    walk.repeated.push({
      ...rangeOf(key),
      message: `the key "${name}" is given twice`,
      hint: 'keep one of them',
    });
}

function visitAlias(alias: Alias.Parsed, walk: Walk): number {
  const target = walk.anchors.get(alias.source);
  if (target === undefined) {
    fail(
      alias,
      walk,
      `nothing is called *${alias.source} here`,
      `an anchor &${alias.source} must come before it`,
    );
    return 0;
  }
  const size = walk.sizes.get(target);
  if (size === undefined) {
    fail(alias, walk, `*${alias.source} contains itself`);
    return 0;
  }
  walk.targets.set(alias, target);
  if (walk.targets.size > MAX_ALIASES) fail(alias, walk, `more than ${MAX_ALIASES} aliases`);
  count(size, alias, walk);
  return size;
}

function count(size: number, node: ParsedNode, walk: Walk): void {
  walk.values += size;
  if (walk.values > MAX_VALUES) {
    const how = isAlias(node) ? 'once its aliases are followed, ' : '';
    fail(node, walk, `${how}the file holds more than ${MAX_VALUES} values`);
  }
}

function fail(node: ParsedNode, walk: Walk, message: string, hint?: string): void {
  if (walk.fatal.length === 0) walk.fatal.push({ ...rangeOf(node), message, hint });
}

function rangeOf(node: ParsedNode): { readonly start: number; readonly end: number } {
  return { start: node.range[0], end: node.range[1] };
}
