import type { KnownRecord } from './known-records.ts';
import type { RecordedRetention } from './record.ts';

/** What a policy wanted kept since then, milliseconds since 1970; without a retention everything. */
export interface RecordedPolicy {
  readonly since: number;
  readonly retention?: RecordedRetention;
}

/** @param records oldest first. @returns by name of the policy, oldest first, each that differs from the one before it */
export function declaredRetentions(
  records: readonly KnownRecord[],
): ReadonlyMap<string, readonly RecordedPolicy[]> {
  const declared = new Map<string, RecordedPolicy[]>();
  for (const { record, time } of records) {
    if (record.kind !== 'policies') continue;
    for (const { name, keep } of record.policies) {
      const known = declared.get(name) ?? [];
      const newest = known.at(-1);
      if (newest === undefined || JSON.stringify(newest.retention) !== JSON.stringify(keep))
        known.push({ since: time, ...(keep !== undefined && { retention: keep }) });
      declared.set(name, known);
    }
  }
  return declared;
}
