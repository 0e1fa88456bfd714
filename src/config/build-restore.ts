import { parseGuestRef, parseVmid } from '../pve/guest.ts';
import { momentOf } from '../schedule/zoned-time.ts';
import { asList } from './as-list.ts';
import { buildBandwidth } from './build-bandwidth.ts';
import type { Surroundings } from './build-site.ts';
import { parseDuration } from './parse-duration.ts';
import { promised } from './promised.ts';
import type { RawRestore, RawSelect } from './raw-site.ts';
import type { GroupOrder, ResourceMap, RestoreEntry, RestoreGroup, RestoreIntent } from './site.ts';

/** One entry under `restores`. */
export function buildRestore(raw: RawRestore, surroundings: Surroundings): RestoreEntry {
  return raw.select === undefined
    ? buildIntent(raw, surroundings)
    : buildGroup(raw, raw.select, surroundings);
}

function buildIntent(raw: RawRestore, surroundings: Surroundings): RestoreIntent {
  const guest = promised(parseGuestRef(raw.guest ?? ''), 'guest');
  return {
    ...buildSettings(raw, surroundings),
    snapshot: raw.snapshot ?? 'latest',
    guest,
    fromHostId: hostId(promised(raw.from, 'from'), surroundings),
    to: {
      ...buildPlace(raw.to),
      vmid: raw.to.vmid === undefined ? guest.vmid : promised(parseVmid(raw.to.vmid), 'vmid'),
    },
    ...(typeof raw.order === 'number' && { order: raw.order }),
  };
}

function buildGroup(raw: RawRestore, select: RawSelect, surroundings: Surroundings): RestoreGroup {
  const { node, pool, tags, within } = select;
  return {
    ...buildSettings(raw, surroundings),
    select: {
      fromHostId: hostId(select.host, surroundings),
      ...(node !== undefined && { node }),
      ...(pool !== undefined && { pool }),
      tags: asList(tags),
      ...(within !== undefined && { withinMs: promised(parseDuration(within), 'within') }),
    },
    to: { ...buildPlace(raw.to), vmidOffset: raw.to.vmid_offset ?? 0 },
    ...(raw.order !== undefined && { order: buildOrder(raw.order) }),
  };
}

function buildOrder(order: NonNullable<RawRestore['order']>): GroupOrder {
  if (typeof order === 'number') return { kind: 'rank', rank: order };
  if (order === 'startup') return { kind: 'startup' };
  return { kind: 'guests', guests: order.map((text) => promised(parseGuestRef(text), 'order')) };
}

/** A name that is no entry's was checked to be an id. */
function hostId(name: string, { hosts }: Surroundings): string {
  return hosts.get(name)?.id ?? name;
}

function buildSettings(
  raw: RawRestore,
  surroundings: Surroundings,
): Omit<RestoreGroup, 'select' | 'to' | 'order'> {
  return {
    name: raw.name,
    repository: promised(raw.repository ?? surroundings.repository, 'repository'),
    ...(raw.before === undefined ? {} : { before: buildMoment(raw.before, surroundings.timeZone) }),
    ...(raw.map === undefined ? {} : { map: buildMap(raw.map) }),
    ...(raw.bwlimit === undefined ? {} : { bwlimitKiB: buildBandwidth(raw.bwlimit) }),
    ...(raw.mode === undefined ? {} : { mode: raw.mode }),
    ...(raw.when === 'changed' && { when: raw.when }),
    onExisting: raw.on_existing ?? 'fail',
    manual: raw.manual ?? false,
    ...(raw.allow === undefined ? {} : { allow: raw.allow }),
  };
}

function buildPlace(to: RawRestore['to']): Omit<RestoreIntent['to'], 'vmid'> {
  return {
    host: to.host,
    ...(to.storage === undefined ? {} : { storage: to.storage }),
    ...(to.pool === undefined ? {} : { pool: to.pool }),
    unique: to.unique ?? false,
    start: to.start ?? false,
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
