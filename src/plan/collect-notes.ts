import type { BackupPolicy, Site } from '../config/site.ts';
import type { Guest } from '../pve/inventory.ts';
import {
  firstDiskStorage,
  lacksFleecingStorage,
  unknownVzdumpOptions,
  type VzdumpTuning,
} from '../pve/vzdump-options.ts';
import { compareClocks } from './compare-clocks.ts';
import type { Facts } from './facts.ts';
import type { PlanNote } from './plan-note.ts';
import { guestLabel } from './reached-hosts.ts';
import type { SelectedGuest } from './select-guests.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

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
    ...clockNotes(site, facts),
    ...site.backups
      .filter(({ rpoMs, schedule }) => schedule === undefined && rpoMs < site.cadenceMs)
      .map(({ name, rpoMs }): PlanNote => {
        return { kind: 'rpo-below-cadence', policy: name, rpoMs, cadenceMs: site.cadenceMs };
      }),
    ...site.backups.flatMap(windowNotes),
    ...optionNotes(selected),
    ...fleecingNotes(selected),
    ...selected.flatMap(guestNotes),
  ];
}

/** Where this machine's own clock is in doubt, a problem says so. */
function clockNotes(site: Site, facts: Facts): readonly PlanNote[] {
  const { trusted, differing } = compareClocks(site, facts);
  return trusted ? differing.map((one) => ({ kind: 'clock-differs', ...one })) : [];
}

function windowNotes({ name, rpoMs, schedule, window }: BackupPolicy): readonly PlanNote[] {
  if (window === undefined || schedule !== undefined) return [];
  const closedMs = DAY_MS - (((window.to - window.from) * MINUTE_MS + DAY_MS) % DAY_MS || DAY_MS);
  return rpoMs < closedMs ? [{ kind: 'rpo-below-window', policy: name, rpoMs, closedMs }] : [];
}

/** Of each host entry, what would be left out of the dumps of its guests. */
function optionNotes(selected: readonly SelectedGuest[]): readonly PlanNote[] {
  return [...Map.groupBy(selected, ({ host }) => host.entry.name)].flatMap(([host, guests]) => {
    const options = [...new Set(guests.flatMap((guest) => unknownVzdumpOptions(tuningOf(guest))))];
    const version = guests[0]?.host.inventory.version.version;
    if (version === undefined || options.length === 0) return [];
    return [{ kind: 'vzdump-option-unknown', host, version, options }];
  });
}

/** Of each host entry, the VMs that would be dumped without the fleecing that is wanted. Containers know none. */
function fleecingNotes(selected: readonly SelectedGuest[]): readonly PlanNote[] {
  const without = selected.filter(
    (one) => one.guest.ref.type === 'qemu' && hasDumpedDisk(one.guest) && lacksFleecingStorage(tuningOf(one)),
  );
  return [...Map.groupBy(without, ({ host }) => host.entry.name)].map(([host, guests]) => ({
    kind: 'fleecing-nowhere',
    host,
    guests: guests.map(({ guest }) => guestLabel(guest)),
  }));
}

/** A VM without one is written without QEMU. */
function hasDumpedDisk({ volumes }: Guest): boolean {
  return volumes.some(({ leftOut }) => leftOut === undefined);
}

function tuningOf({ host, guest }: SelectedGuest): VzdumpTuning {
  const diskStorage = firstDiskStorage(guest.volumes);
  return {
    ...host.entry.vzdump,
    version: host.inventory.version,
    ...(diskStorage === undefined ? {} : { diskStorage }),
  };
}

function guestNotes({ host, guest }: SelectedGuest): readonly PlanNote[] {
  const at = { host: host.entry.name, guest: guestLabel(guest) };
  const leftOut = guest.volumes.filter(
    (volume) => volume.leftOut !== undefined && volume.leftOut !== 'cdrom',
  );
  const notes: readonly PlanNote[] = leftOut.map((volume) => ({ kind: 'volume-left-out', ...at, volume }));
  return guest.identity.machine.kind === 'none' ? [{ kind: 'reuse-unnoticed', ...at }, ...notes] : notes;
}
