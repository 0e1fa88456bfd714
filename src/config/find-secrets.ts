import type { Alias, ParsedNode } from 'yaml';
import { isAlias, isMap, isScalar, isSeq } from 'yaml';
import { isSecretKey } from './secret-key.ts';
import type { TextRange } from './source-text.ts';

/** Where a secret is found is no secret. */
const REFERENCE_KEYS: ReadonlySet<unknown> = new Set(['env', 'file', 'credential', 'command']);
const SECRET_LINE = /pas+|pwd|secret|token|identity_?key/i;

/**
 * The ranges of a site file that must not appear in a message: plain secrets, under whatever key resembles one,
 * and passwords in addresses.
 * @param broken the tree cannot be trusted: whatever follows a secret's key on its line is hidden, too
 */
export function findSecrets(
  text: string,
  root: ParsedNode | null,
  targets: ReadonlyMap<Alias, ParsedNode>,
  broken: boolean,
): readonly TextRange[] {
  const ranges: TextRange[] = [];
  if (root !== null) collect(root, false, { targets, ranges, seen: new Set() });
  if (broken) ranges.push(...findInLines(text));
  for (const match of text.matchAll(/:\/\/[^\s/@:]{0,200}:([^\s/@]{1,200})@/g)) {
    const end = match.index + match[0].length - 1;
    ranges.push({ start: end - (match[1]?.length ?? 0), end });
  }
  return merge(ranges);
}

interface Collecting {
  readonly targets: ReadonlyMap<Alias, ParsedNode>;
  readonly ranges: TextRange[];
  /** Anchored secrets that were followed already. */
  readonly seen: Set<ParsedNode>;
}

function collect(node: ParsedNode, secret: boolean, into: Collecting): void {
  if (isAlias(node)) collectTarget(node, secret, into);
  else if (isScalar(node) && secret) into.ranges.push({ start: node.range[0], end: node.range[1] });
  else if (isSeq(node)) for (const item of node.items) collect(item, secret, into);
  if (!isMap(node)) return;
  for (const { key, value } of node.items) {
    const name = isScalar(key) ? String(key.value) : '';
    const isReference = secret && REFERENCE_KEYS.has(name);
    if (value !== null) collect(value, !isReference && (secret || isSecretKey(name)), into);
  }
}

function collectTarget(alias: Alias, secret: boolean, into: Collecting): void {
  const target = into.targets.get(alias);
  if (!secret || target === undefined || into.seen.has(target)) return;
  into.seen.add(target);
  collect(target, true, into);
}

function findInLines(text: string): readonly TextRange[] {
  const ranges: TextRange[] = [];
  let start = 0;
  for (const line of text.split('\n')) {
    const key = SECRET_LINE.exec(line);
    const rest = key === null ? null : /^[^:\s]*[:\s]\s*/.exec(line.slice(key.index + key[0].length));
    if (key !== null && rest !== null) {
      const from = key.index + key[0].length + rest[0].length;
      if (from < line.length) ranges.push({ start: start + from, end: start + line.trimEnd().length });
    }
    start += line.length + 1;
  }
  return ranges;
}

/** Sorted, without overlaps. */
function merge(ranges: readonly TextRange[]): readonly TextRange[] {
  const merged: TextRange[] = [];
  for (const range of ranges.filter(isNotEmpty).toSorted((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last === undefined || range.start >= last.end) merged.push(range);
    else merged[merged.length - 1] = { start: last.start, end: Math.max(last.end, range.end) };
  }
  return merged;
}

function isNotEmpty(range: TextRange): boolean {
  return range.end > range.start;
}
