import type { LineId } from '../../pve/inventory.ts';
import type { Facts, GuestPlace, GuestSnapshot } from '../facts.ts';
import { newestOf } from '../judge-freshness.ts';
import type { GuestLabel } from '../plan.ts';
import type { PlanNote } from '../plan-note.ts';
import { guestLabel, type ReachedHost } from '../reached-hosts.ts';
import { goesOnIn } from './join-lines.ts';

/**
 * Of guests that are there: what counts for them from before they were another line, and whose history was adopted although
 * the machine is there.
 * @param facts with each snapshot under its own line
 */
export function noteJoins(hosts: readonly ReachedHost[], facts: Facts): readonly PlanNote[] {
  const there = guestsByLine(hosts);
  const alive = new Set(there.keys());
  return [...facts.repositories].flatMap(([repository, { adoptions, snapshots }]) => {
    if (adoptions === undefined || adoptions.size === 0) return [];
    const lines: ReadonlyMap<string, readonly GuestSnapshot[]> = Map.groupBy(
      snapshots,
      ({ line }) => line ?? '',
    );
    return [...adoptions].flatMap(([old, { undone }]): readonly PlanNote[] => {
      const own = lines.get(old) ?? [];
      const line = own[0]?.line;
      if (line === undefined || undone === true) return [];
      const still = there.get(line);
      if (still !== undefined) return [{ kind: 'adopted-and-there', repository, ...still }];
      const at = there.get(goesOnIn(line, adoptions, alive));
      const from = placeOf(newestOf(own));
      if (at === undefined || from === undefined) return [];
      return [{ kind: 'history-joined', repository, ...at, from, snapshots: own.length }];
    });
  });
}

interface GuestAtHost {
  readonly host: string;
  readonly guest: GuestLabel;
}

/** Through the first way into each cluster. */
function guestsByLine(hosts: readonly ReachedHost[]): ReadonlyMap<LineId, GuestAtHost> {
  return new Map(
    hosts.toReversed().flatMap(({ entry, inventory }) =>
      inventory.guests.map((guest): [LineId, GuestAtHost] => {
        return [guest.identity.line, { host: entry.name, guest: guestLabel(guest) }];
      }),
    ),
  );
}

function placeOf(snapshot: GuestPlace | undefined): GuestPlace | undefined {
  return snapshot && { hostId: snapshot.hostId, guest: snapshot.guest };
}
