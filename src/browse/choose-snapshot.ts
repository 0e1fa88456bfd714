import { formatGuestRef, parseGuestRef, parseNodeName } from '../pve/guest.ts';
import type { Snapshot } from '../repository/snapshot-file.ts';
import { UserError } from '../user-error.ts';

/** A snapshot and the name of the repository that holds it. */
export interface HeldSnapshot {
  readonly repository: string;
  readonly snapshot: Snapshot;
}

/** Which snapshot is meant. */
export interface SnapshotWish {
  /** An id or its beginning; `latest`; or what the newest snapshot is wanted of: `qemu/101`, `lxc/105`, `node/fra1`. */
  readonly what: string;
  /** With `latest`: of what. */
  readonly guest: string | undefined;
  /** The id of the host, where several have backups of a guest of that name. */
  readonly from: string | undefined;
}

/** What a snapshot of pvebak is of, `qemu/101`, `lxc/105` or `node/fra1`; undefined for all others. */
export function subjectOf({ tags, paths }: Snapshot): string | undefined {
  const [path, ...more] = paths;
  if (path === undefined || more.length > 0 || !path.startsWith('/') || !tags.includes('pvebak'))
    return undefined;
  return parseSubject(path.slice(1));
}

/** @returns the same text in its one form; undefined when it is no guest and no node */
export function parseSubject(text: string): string | undefined {
  const guest = parseGuestRef(text);
  if (guest !== undefined) return formatGuestRef(guest);
  const node = text.startsWith('node/') ? parseNodeName(text.slice('node/'.length)) : undefined;
  return node === undefined ? undefined : `node/${node}`;
}

/** @throws UserError `usage`, `snapshot-not-found` */
export function chooseSnapshot(held: readonly HeldSnapshot[], wish: SnapshotWish): HeldSnapshot {
  const { what, guest, from } = wish;
  const subject = what === 'latest' ? wantedSubject(guest) : parseSubject(what);
  if (guest !== undefined && what !== 'latest')
    throw usage(`--guest goes with latest, not with ${what}`, 'leave it out');
  if (subject !== undefined) return newestOf(held, subject, from);
  if (from !== undefined) throw usage('--from goes with latest or a guest', 'an id says enough');
  return byId(held, what);
}

function wantedSubject(guest: string | undefined): string {
  if (guest === undefined)
    throw usage('latest of what?', 'give --guest qemu/101, or write qemu/101 instead of latest');
  const subject = parseSubject(guest);
  if (subject === undefined) throw usage(`${guest} is no guest`, 'write qemu/101, lxc/105 or node/NAME');
  return subject;
}

function newestOf(held: readonly HeldSnapshot[], subject: string, from: string | undefined): HeldSnapshot {
  const fitting = held.filter(
    ({ snapshot }) => subjectOf(snapshot) === subject && (from === undefined || snapshot.hostname === from),
  );
  const hosts = [...new Set(fitting.map(({ snapshot }) => snapshot.hostname))];
  if (hosts.length > 1)
    throw usage(
      `several hosts have backups of a ${subject}: ${hosts.join(', ')}`,
      'say which is meant with --from HOST',
    );
  const [first, ...others] = fitting;
  if (first === undefined)
    throw new UserError(
      'snapshot-not-found',
      `there is no snapshot of ${subject}${from === undefined ? '' : ` from ${from}`}`,
      { hint: '`pvebak snapshots` lists them' },
    );
  return others.reduce((newest, one) => (timeOf(one) > timeOf(newest) ? one : newest), first);
}

function byId(held: readonly HeldSnapshot[], what: string): HeldSnapshot {
  if (!/^[0-9a-f]{4,64}$/.test(what))
    throw usage(
      `${what} is no snapshot`,
      'give at least 4 hex digits of its id, or a guest such as qemu/101 for its newest; `pvebak snapshots` lists them',
    );
  const matches = held.filter(
    ({ snapshot }) => snapshot.id.startsWith(what) || snapshot.original?.startsWith(what),
  );
  const [first, ...more] = matches;
  if (first === undefined)
    throw new UserError('snapshot-not-found', `there is no snapshot ${what}`, {
      hint: '`pvebak snapshots` lists them',
    });
  if (more.length > 0) throw usage(`${what} fits ${matches.length} snapshots`, 'give more of its digits');
  return first;
}

function timeOf({ snapshot }: HeldSnapshot): number {
  return Date.parse(snapshot.time);
}

function usage(message: string, hint: string): UserError {
  return new UserError('usage', message, { hint });
}
