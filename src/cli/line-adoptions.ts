import type { Adoption, GuestPlace } from '../plan/facts.ts';
import { parseGuestRef } from '../pve/guest.ts';
import { parseLineId } from '../pve/line-id.ts';
import type { KnownRecord } from '../records/known-records.ts';
import type { RecordedLine } from '../records/record.ts';

/** What records say of lines that go on in others, by the old line. @param records oldest first: what is newer counts */
export function lineAdoptions(records: readonly KnownRecord[]): ReadonlyMap<string, Adoption> {
  return new Map(
    records.flatMap(({ record }) => {
      if (record.kind !== 'adopt') return [];
      const to = parseLineId(record.to.line);
      if (to === undefined) return [];
      const [from, at] = [placeOf(record.from), placeOf(record.to)];
      const adoption: Adoption = {
        to,
        ...(record.undone === true && { undone: true }),
        ...(from !== undefined && { from }),
        ...(at !== undefined && { at }),
      };
      return [[record.from.line, adoption] as const];
    }),
  );
}

function placeOf({ hostname: hostId, path }: RecordedLine): GuestPlace | undefined {
  const guest = path?.startsWith('/') ? parseGuestRef(path.slice(1)) : undefined;
  return hostId === undefined || guest === undefined ? undefined : { hostId, guest };
}
