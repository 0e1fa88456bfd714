import type { OneOrMore } from './raw-site.ts';

/** One or a list, as a list; nothing is an empty one. */
export function asList<T extends string | number>(value: OneOrMore<T> | undefined): readonly T[] {
  if (value === undefined) return [];
  return typeof value === 'object' ? value : [value];
}
