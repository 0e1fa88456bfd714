import type { DataPath } from './finding.ts';
import { isRecord } from './schema-error.ts';

/** A value of data that may break the schema, and where it is. */
export interface ValueAt {
  readonly path: DataPath;
  readonly value: unknown;
}

export interface TextAt {
  readonly path: DataPath;
  readonly text: string;
}

/** All texts whose path fits the pattern. */
export function textsAt(data: unknown, pattern: readonly string[]): readonly TextAt[] {
  return valuesAt(data, pattern).flatMap(({ path, value }) =>
    typeof value === 'string' ? [{ path, text: value }] : [],
  );
}

/** All values whose path fits the pattern; `*` stands for any key or index. */
export function valuesAt(data: unknown, pattern: readonly string[]): readonly ValueAt[] {
  const [segment, ...rest] = pattern;
  if (segment === undefined) return [{ path: [], value: data }];
  return childrenOf(data)
    .filter(([key]) => segment === '*' || key === segment)
    .flatMap(([key, child]) =>
      valuesAt(child, rest).map(({ path, value }) => ({ path: [key, ...path], value })),
    );
}

function childrenOf(data: unknown): readonly (readonly [string | number, unknown])[] {
  if (Array.isArray(data)) return [...data.entries()];
  return isRecord(data) ? Object.entries(data) : [];
}

export function childAt(data: unknown, key: string): unknown {
  return isRecord(data) ? data[key] : undefined;
}
