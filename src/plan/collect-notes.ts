import type { Site } from '../config/site.ts';
import type { Facts } from './facts.ts';
import type { PlanNote } from './plan.ts';
import { guestLabel } from './reached-hosts.ts';
import type { SelectedGuest } from './select-guests.ts';

/** What is worth a word although it stops nothing. */
export function collectNotes(
  site: Site,
  facts: Facts,
  selected: readonly SelectedGuest[],
): readonly PlanNote[] {
  return [
    ...[...facts.repositories].flatMap(([repository, { keyCount }]): readonly PlanNote[] =>
      keyCount === 1 ? [{ kind: 'one-key', repository }] : [],
    ),
    ...site.backups
      .filter((policy) => policy.rpoMs < site.cadenceMs)
      .map(({ name, rpoMs }): PlanNote => {
        return { kind: 'rpo-below-cadence', policy: name, rpoMs, cadenceMs: site.cadenceMs };
      }),
    ...selected.flatMap(guestNotes),
  ];
}

function guestNotes({ host, guest }: SelectedGuest): readonly PlanNote[] {
  const at = { host: host.entry.name, guest: guestLabel(guest) };
  const leftOut = guest.volumes.filter(
    (volume) => volume.leftOut !== undefined && volume.leftOut !== 'cdrom',
  );
  const notes: readonly PlanNote[] = leftOut.map((volume) => ({ kind: 'volume-left-out', ...at, volume }));
  return guest.identity.machine.kind === 'none' ? [{ kind: 'reuse-unnoticed', ...at }, ...notes] : notes;
}
