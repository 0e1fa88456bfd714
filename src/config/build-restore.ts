import { parseGuestRef, parseVmid } from '../pve/guest.ts';
import { momentOf } from '../schedule/zoned-time.ts';
import { buildBandwidth } from './build-bandwidth.ts';
import type { Surroundings } from './build-site.ts';
import { promised } from './promised.ts';
import type { RawRestore } from './raw-site.ts';
import type { ResourceMap, RestoreIntent } from './site.ts';

/** One entry under `restores`. */
export function buildRestore(raw: RawRestore, surroundings: Surroundings): RestoreIntent {
  const guest = promised(parseGuestRef(raw.guest), 'guest');
  return {
    name: raw.name,
    repository: promised(raw.repository ?? surroundings.repository, 'repository'),
    snapshot: raw.snapshot ?? 'latest',
    ...(raw.before === undefined ? {} : { before: buildMoment(raw.before, surroundings.timeZone) }),
    guest,
    // A name that is no entry's was checked to be an id.
    fromHostId: surroundings.hosts.get(raw.from)?.id ?? raw.from,
    to: {
      host: raw.to.host,
      vmid: raw.to.vmid === undefined ? guest.vmid : promised(parseVmid(raw.to.vmid), 'vmid'),
      ...(raw.to.storage === undefined ? {} : { storage: raw.to.storage }),
      ...(raw.to.pool === undefined ? {} : { pool: raw.to.pool }),
      unique: raw.to.unique ?? false,
      start: raw.to.start ?? false,
    },
    ...(raw.map === undefined ? {} : { map: buildMap(raw.map) }),
    ...(raw.bwlimit === undefined ? {} : { bwlimitKiB: buildBandwidth(raw.bwlimit) }),
    ...(raw.mode === undefined ? {} : { mode: raw.mode }),
    ...(raw.order === undefined ? {} : { order: raw.order }),
    ...(raw.when === 'changed' && { when: raw.when }),
    onExisting: raw.on_existing ?? 'fail',
    manual: raw.manual ?? false,
    ...(raw.allow === undefined ? {} : { allow: raw.allow }),
  };
}

/** A moment in RFC 3339, or the beginning of a day that the calendar has. */
function buildMoment(text: string, timeZone: string): number {
  return text.includes('T') ? Date.parse(text) : beginningOf(text, timeZone);
}

function beginningOf(day: string, timeZone: string): number {
  const [year = 0, month = 0, date = 0] = day.split('-').map(Number);
  return momentOf({ year, month, day: date, minute: 0 }, timeZone);
}

function buildMap(raw: NonNullable<RawRestore['map']>): ResourceMap {
  return {
    storage: new Map(Object.entries(raw.storage ?? {})),
    bridge: new Map(Object.entries(raw.bridge ?? {})),
  };
}
