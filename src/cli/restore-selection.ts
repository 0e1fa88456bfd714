import type { Facts, GuestSnapshot } from '../plan/facts.ts';
import { formatGuestRef, type GuestRef, parseGuestRef } from '../pve/guest.ts';
import { UserError } from '../user-error.ts';

/** What the command line says of which snapshots are restored. */
export interface RestoreSelection {
  /** A snapshot id or its beginning. */
  readonly snapshot: string | undefined;
  /** The id of a run, or its beginning: what it has backed up. */
  readonly run: string | undefined;
  /** The newest snapshot of each guest. */
  readonly latest: boolean;
  /** `qemu/101,lxc/105` */
  readonly guests: string | undefined;
  readonly all: boolean;
  /** The id of the host whose backups are meant. */
  readonly from: string | undefined;
  /** Guests that come first, in this order. */
  readonly order: string | undefined;
}

/** A snapshot and the repository that holds it. */
export interface SelectedSnapshot {
  readonly repository: string;
  readonly snapshot: GuestSnapshot;
}

/**
 * The snapshots to be restored, in the order in which they are: those of `order`, then those of `guests` as they are
 * given, then by vmid. A snapshot and its rewritten twin are one.
 * @throws UserError `usage`, `snapshot-not-found`
 */
export function selectSnapshots(facts: Facts, selection: RestoreSelection): readonly SelectedSnapshot[] {
  const held = [...facts.repositories].flatMap(([repository, { snapshots }]) =>
    snapshots.map((snapshot) => ({ repository, snapshot })),
  );
  checkSelection(selection);
  if (selection.snapshot !== undefined) return [byId(held, selection.snapshot)];
  const fromHost = held.filter(({ snapshot }) => [undefined, snapshot.hostId].includes(selection.from));
  const inRun = selection.run === undefined ? fromHost : ofRun(fromHost, selection.run);
  const wanted = parseGuests(selection.guests, '--guests');
  const newest = newestOfEach(inRun).filter(
    ({ snapshot }) => wanted.length === 0 || wanted.includes(formatGuestRef(snapshot.guest)),
  );
  checkFound(newest, wanted);
  return inOrder(newest, [...parseGuests(selection.order, '--order'), ...wanted]);
}

function checkSelection({ snapshot, run, latest, guests, all, order }: RestoreSelection): void {
  const ways = [snapshot !== undefined, run !== undefined, latest].filter(Boolean).length;
  if (ways !== 1)
    throw usage(
      ways === 0
        ? 'it is not said what is to be restored'
        : 'only one of SNAPSHOT, --run and --latest can be given',
      'name a snapshot, or give --run RUN or --latest',
    );
  if (snapshot !== undefined && (guests !== undefined || all || order !== undefined))
    throw usage('--guests, --all and --order go with --run and --latest', 'leave out the snapshot, or these');
  if (guests !== undefined && all) throw usage('--guests and --all exclude each other', 'leave one out');
  if (latest && guests === undefined && !all)
    throw usage('--latest of which guests?', 'give --guests qemu/101,lxc/105 or --all');
}

function byId(held: readonly SelectedSnapshot[], id: string): SelectedSnapshot {
  const wanted = /^([0-9a-f]{4,64})$/.exec(id)?.[1];
  if (wanted === undefined)
    throw usage(`${id} is no snapshot id`, 'give at least 4 hex digits; `pvebak snapshots` lists them');
  const matches = held.filter(
    ({ snapshot }) => snapshot.id.startsWith(wanted) || snapshot.original?.startsWith(wanted),
  );
  const [first, ...more] = matches;
  if (first === undefined)
    throw new UserError('snapshot-not-found', `there is no guest's snapshot ${id}`, {
      hint: '`pvebak snapshots` lists them',
    });
  if (more.length > 0) throw usage(`${id} fits ${matches.length} snapshots`, 'give more of its digits');
  return first;
}

function ofRun(held: readonly SelectedSnapshot[], run: string): readonly SelectedSnapshot[] {
  const runs = new Set(held.flatMap(({ snapshot }) => (snapshot.run?.startsWith(run) ? [snapshot.run] : [])));
  if (runs.size > 1) throw usage(`${run} fits ${runs.size} runs`, 'give more of its digits');
  if (runs.size === 1 && run.length >= 4) return held.filter(({ snapshot }) => runs.has(snapshot.run ?? ''));
  throw new UserError('snapshot-not-found', `there is no run ${run} with snapshots of guests`, {
    hint: 'give at least 4 of its digits; `pvebak snapshots --json` shows the run of each',
  });
}

function newestOfEach(held: readonly SelectedSnapshot[]): readonly SelectedSnapshot[] {
  const newest = new Map<string, SelectedSnapshot>();
  for (const one of held) {
    const key = `${one.snapshot.hostId} ${formatGuestRef(one.snapshot.guest)}`;
    if (one.snapshot.time > (newest.get(key)?.snapshot.time ?? Number.NEGATIVE_INFINITY))
      newest.set(key, one);
  }
  return [...newest.values()];
}

function checkFound(found: readonly SelectedSnapshot[], wanted: readonly string[]): void {
  const names = found.map(({ snapshot }) => formatGuestRef(snapshot.guest));
  const missing = wanted.filter((guest) => !names.includes(guest));
  if (missing.length > 0 || found.length === 0)
    throw new UserError(
      'snapshot-not-found',
      `there is no snapshot of ${missing.join(', ') || 'any guest'}`,
      {
        hint: '`pvebak snapshots` lists them; with --run, only what that run has backed up counts',
      },
    );
  const twice = found.find(({ snapshot: { guest, hostId } }) =>
    found.some(
      ({ snapshot }) =>
        formatGuestRef(snapshot.guest) === formatGuestRef(guest) && snapshot.hostId !== hostId,
    ),
  );
  if (twice === undefined) return;
  const hosts = [...new Set(found.map(({ snapshot }) => snapshot.hostId))].join(', ');
  throw usage(
    `several hosts have backups of a ${formatGuestRef(twice.snapshot.guest)}: ${hosts}`,
    'say which is meant with --from HOST',
  );
}

function inOrder(
  selected: readonly SelectedSnapshot[],
  first: readonly string[],
): readonly SelectedSnapshot[] {
  const rank = ({ snapshot }: SelectedSnapshot) => {
    const place = first.indexOf(formatGuestRef(snapshot.guest));
    return place === -1 ? first.length : place;
  };
  return selected.toSorted((a, b) => rank(a) - rank(b) || a.snapshot.guest.vmid - b.snapshot.guest.vmid);
}

function parseGuests(text: string | undefined, option: string): readonly string[] {
  if (text === undefined) return [];
  return text.split(',').map((part) => formatGuestRef(parseOne(part.trim(), option)));
}

function parseOne(text: string, option: string): GuestRef {
  const guest = parseGuestRef(text);
  if (guest === undefined)
    throw usage(`${option}: ${text || 'nothing'} is no guest`, 'write qemu/101 or lxc/105');
  return guest;
}

function usage(message: string, hint: string): UserError {
  return new UserError('usage', message, { hint });
}
