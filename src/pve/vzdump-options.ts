import type { GuestVolume, PveVersion } from './inventory.ts';
import { isAtLeast } from './pve-version.ts';

/** Options of vzdump that not every version knows. */
export interface VzdumpTuning {
  /** Of the node; when it is not known, it counts as old. */
  readonly version?: PveVersion;
  /** VMs only. Without `storage` the fleecing images lie on `diskStorage`. */
  readonly fleecing?: { readonly storage?: string };
  /** Where the guest's first disk lies. */
  readonly diskStorage?: string;
  readonly performance?: { readonly maxWorkers?: number; readonly pbsEntriesMax?: number };
  /** Absent: no notification of success, and of failures only to whom the node's vzdump.conf names. */
  readonly notificationMode?: 'auto' | 'legacy-sendmail' | 'notification-system';
}

type Setting = readonly [name: string, value: string];

/**
 * The pve-manager that first knew an option; to older ones it would be a parameter error, and no dump at all.
 * Source: pve-guest-common PVE/VZDump/Common.pm and pve-manager's changelog.
 */
const KNOWN_SINCE: ReadonlyMap<string, string> = new Map([
  ['performance', '7.3'],
  ['notification-mode', '8.1.4'],
  ['fleecing', '8.2'],
]);

/** The options, without those that the node's version does not know. */
export function vzdumpTuningOptions(tuning: VzdumpTuning): readonly string[] {
  const known = [...wanted(tuning), ...quiet(tuning)].filter(([name]) => isKnown(name, tuning.version));
  return known.flatMap(([name, value]) => [`--${name}`, value]);
}

/** Names of the wanted options that are left out, since the node's version does not know them. */
export function unknownVzdumpOptions(tuning: VzdumpTuning): readonly string[] {
  return wanted(tuning)
    .map(([name]) => name)
    .filter((name) => !isKnown(name, tuning.version));
}

/** Whether fleecing is wanted and the node could do it, but no storage for its images is known. */
export function lacksFleecingStorage(tuning: VzdumpTuning): boolean {
  return (
    tuning.fleecing !== undefined && fleecing(tuning).length === 0 && isKnown('fleecing', tuning.version)
  );
}

/** For `diskStorage`: where the first of the volumes that a dump reads lies. */
export function firstDiskStorage(volumes: readonly GuestVolume[]): string | undefined {
  return volumes.find(({ leftOut }) => leftOut === undefined)?.storage;
}

function isKnown(name: string, version: PveVersion | undefined): boolean {
  const since = KNOWN_SINCE.get(name);
  return since === undefined || isAtLeast(version, since);
}

function wanted(tuning: VzdumpTuning): readonly Setting[] {
  const { notificationMode } = tuning;
  return [
    ...fleecing(tuning),
    ...performance(tuning),
    ...(notificationMode === undefined ? [] : [['notification-mode', notificationMode] as const]),
  ];
}

/** vzdump wants a storage as soon as fleecing is on. */
function fleecing({ fleecing: wish, diskStorage }: VzdumpTuning): readonly Setting[] {
  const storage = wish?.storage ?? diskStorage;
  if (wish === undefined || storage === undefined) return [];
  return [['fleecing', `enabled=1,storage=${storage}`]];
}

function performance({ performance: wish }: VzdumpTuning): readonly Setting[] {
  const parts = [
    ...(wish?.maxWorkers === undefined ? [] : [`max-workers=${wish.maxWorkers}`]),
    ...(wish?.pbsEntriesMax === undefined ? [] : [`pbs-entries-max=${wish.pbsEntriesMax}`]),
  ];
  return parts.length === 0 ? [] : [['performance', parts.join(',')]];
}

/**
 * From 8.1 on each run of vzdump is a notification, which by default is a mail to root. In the mode of old there is
 * mail only to addresses that are given, and none is given here; vzdump.conf may name one, and gets failures only.
 */
function quiet({ notificationMode }: VzdumpTuning): readonly Setting[] {
  if (notificationMode !== undefined) return [];
  return [
    ['notification-mode', 'legacy-sendmail'],
    ['mailnotification', 'failure'],
  ];
}
