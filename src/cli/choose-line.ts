import type { GuestPlace, GuestSnapshot } from '../plan/facts.ts';
import { newestOf } from '../plan/judge-freshness.ts';
import { formatGuestRef, parseGuestRef } from '../pve/guest.ts';
import type { LineId } from '../pve/inventory.ts';
import { parseLineId } from '../pve/line-id.ts';
import { UserError } from '../user-error.ts';

/** A line, and whose it is where a snapshot tells. */
export interface NamedLine {
  readonly line: LineId;
  readonly place: GuestPlace | undefined;
}

/**
 * Which line is meant: by its 16 hex digits, by a snapshot, or by a guest (`qemu/101`, or `HOST/qemu/101` with the id of the
 * host) for that of its newest backup.
 * @param options.mayBeNew whether it may be a line of which there is no backup yet
 * @throws UserError `usage`, `snapshot-not-found`
 */
export function chooseLine(
  snapshots: readonly GuestSnapshot[],
  text: string,
  { mayBeNew }: { readonly mayBeNew: boolean },
): NamedLine {
  const line = parseLineId(text);
  const ofLine = snapshots.filter((one) => line !== undefined && one.line === line);
  if (ofLine.length > 0) return lineOf(ofLine, text);
  if (text.includes('/')) return lineOf(ofGuest(snapshots, text), text);
  const named = snapshots.filter(
    ({ id, original }) =>
      /^[0-9a-f]{4,64}$/.test(text) && (id.startsWith(text) || original?.startsWith(text)),
  );
  if (named.length === 0 && line !== undefined && mayBeNew) return { line, place: undefined };
  return lineOf(named, text);
}

function ofGuest(snapshots: readonly GuestSnapshot[], text: string): readonly GuestSnapshot[] {
  const [, host, name = ''] = /^(?:([^/]+)\/)?([^/]+\/[^/]+)$/.exec(text) ?? [];
  const ref = parseGuestRef(name);
  if (ref === undefined)
    throw new UserError('usage', `${text} is no guest`, { hint: 'write qemu/101, or HOST/qemu/101' });
  const found = snapshots.filter(
    ({ guest, hostId }) => formatGuestRef(guest) === formatGuestRef(ref) && (host ?? hostId) === hostId,
  );
  const hosts = [...new Set(found.map(({ hostId }) => hostId))];
  if (hosts.length > 1)
    throw new UserError('usage', `several hosts have backups of a ${name}: ${hosts.join(', ')}`, {
      hint: `say which is meant: ${hosts[0]}/${name}`,
    });
  const newest = newestOf(found);
  return newest === undefined ? [] : [newest];
}

/** @param snapshots of which all are meant */
function lineOf(snapshots: readonly GuestSnapshot[], text: string): NamedLine {
  const lines = new Set(snapshots.map(({ line }) => line));
  if (lines.size > 1)
    throw new UserError('usage', `${text} fits snapshots of ${lines.size} guests`, {
      hint: 'give more of its digits',
    });
  const newest = newestOf(snapshots);
  if (newest === undefined)
    throw new UserError('snapshot-not-found', `there is no backup of ${text}`, {
      hint: 'write a guest (qemu/101), a snapshot, or a line of 16 hex digits; `pvebak snapshots` lists what is there',
    });
  if (newest.line === undefined)
    throw new UserError('usage', `the backup ${newest.id.slice(0, 8)} does not tell whose it is`);
  return { line: newest.line, place: { hostId: newest.hostId, guest: newest.guest } };
}
