/** What is wrong at a place in the data; `locate-finding.ts` says where in the text that is. */
export interface Finding {
  /** Keys and list indexes from the root. */
  readonly path: DataPath;
  /** What is marked: the last key of the path, or its value. */
  readonly at: 'key' | 'value';
  readonly message: string;
  readonly hint?: string | undefined;
  /** Where the same stands before, when that is what is wrong. */
  readonly earlier?: DataPath;
}

export type DataPath = readonly (string | number)[];

/** A value can break several rules at once (a pattern, a name that leads nowhere); the first one says enough. */
export function firstOfEachValue(findings: readonly Finding[]): readonly Finding[] {
  const seen = new Set<string>();
  return findings.filter(({ at, path }) => {
    const place = JSON.stringify(path.map(String));
    return at === 'key' || (!seen.has(place) && seen.add(place));
  });
}
