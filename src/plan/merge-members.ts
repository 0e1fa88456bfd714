import { entryName } from './intent-names.ts';

/** What is so of several guests of one group in the same way is said once, of the group. */
export function mergeMembers<Entry extends { readonly kind: string } | { readonly intent: string }>(
  entries: readonly Entry[],
): readonly Entry[] {
  const alike = Map.groupBy(entries, (entry) =>
    'intent' in entry ? JSON.stringify({ ...entry, intent: entryName(entry.intent) }) : entry,
  );
  return [...alike.values()].flatMap(([first, ...others]) => {
    if (first === undefined) return [];
    return others.length > 0 && 'intent' in first ? [{ ...first, intent: entryName(first.intent) }] : [first];
  });
}
