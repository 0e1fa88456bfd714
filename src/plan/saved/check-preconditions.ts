import { formatGuestRef } from '../../pve/guest.ts';
import type { Guest, GuestVolume } from '../../pve/inventory.ts';
import type { Facts } from '../facts.ts';
import { guestLabel } from '../reached-hosts.ts';
import type { ExpectedHost, ExpectedRepository, Precondition } from './precondition.ts';
import { guestWithVmid, newestNodeConfig, newestRestore } from './preconditions-of.ts';
import type { HeldSnapshots, PresentMoment } from './present-moment.ts';
import type { StaleReason } from './stale-reason.ts';

/** What a saved plan says of the world in which it was made. */
export interface SavedExpectations {
  readonly hosts: ReadonlyMap<string, ExpectedHost>;
  readonly repositories: ReadonlyMap<string, ExpectedRepository>;
}

export type PreconditionVerdict =
  | { readonly kind: 'holds' }
  | { readonly kind: 'stale'; readonly why: StaleReason }
  /** The host that would have to tell does not answer. */
  | { readonly kind: 'unreachable'; readonly reason: string };

/**
 * Whether an action of a saved plan may still be carried out; the first that does not hold any more decides.
 * @param preconditions undefined where the plan has none for the action, which then must not be done
 */
export function checkPreconditions(
  preconditions: readonly Precondition[] | undefined,
  expected: SavedExpectations,
  now: PresentMoment,
): PreconditionVerdict {
  if (preconditions === undefined || preconditions.length === 0) return stale({ kind: 'unguarded' });
  for (const precondition of preconditions) {
    const verdict = checkPlace(precondition, expected, now) ?? checkOne(precondition, now);
    if (verdict !== undefined) return verdict;
  }
  return { kind: 'holds' };
}

type Fault = Exclude<PreconditionVerdict, { kind: 'holds' }>;

function stale(why: StaleReason): Fault {
  return { kind: 'stale', why };
}

function checkPlace(
  precondition: Precondition,
  expected: SavedExpectations,
  now: PresentMoment,
): Fault | undefined {
  return (
    ('host' in precondition ? checkHost(precondition.host, expected.hosts, now) : undefined) ??
    ('repository' in precondition
      ? checkRepository(precondition.repository, expected.repositories, now)
      : undefined)
  );
}

function checkHost(
  host: string,
  expected: SavedExpectations['hosts'],
  { site, facts }: PresentMoment,
): Fault | undefined {
  const entry = site.hosts.get(host);
  if (entry === undefined) return stale({ kind: 'host-gone', host });
  const wanted = expected.get(host);
  if (wanted === undefined) return stale({ kind: 'unguarded' });
  if (entry.id !== wanted.id) return stale({ kind: 'host-elsewhere', host });
  const found = facts.hosts.get(host);
  if (found?.kind !== 'reached')
    return { kind: 'unreachable', reason: found?.reason ?? `host ${host} was not asked` };
  return found.inventory.clusterFingerprint === wanted.clusterFingerprint
    ? undefined
    : stale({ kind: 'host-elsewhere', host });
}

function checkRepository(
  repository: string,
  expected: SavedExpectations['repositories'],
  { held }: PresentMoment,
): Fault | undefined {
  const found = held.get(repository);
  if (found === undefined) return stale({ kind: 'repository-gone', repository });
  const wanted = expected.get(repository);
  if (wanted === undefined) return stale({ kind: 'unguarded' });
  return found.facts.id === wanted.id ? undefined : stale({ kind: 'repository-elsewhere', repository });
}

/** Host and repository are the right ones, and have told what they know. */
function checkOne(precondition: Precondition, now: PresentMoment): Fault | undefined {
  switch (precondition.kind) {
    case 'guest-unchanged':
      return checkGuest(precondition, now.facts, precondition.volumes);
    case 'target-unchanged':
      return checkGuest(precondition, now.facts, undefined) ?? checkAccess(precondition, now.facts);
    case 'no-newer-backup':
      return checkNewest(newestBackup(precondition, now), precondition.newest);
    case 'no-newer-node-config':
      return checkNewest(newestConfig(precondition, now), precondition.newest);
    case 'no-newer-restore': {
      const newest = newestRestore(now.facts, precondition);
      return isNewer(newest, precondition.newest)
        ? stale({ kind: 'restored-since', time: newest })
        : undefined;
    }
    case 'vmid-free': {
      const by = guestWithVmid(now.facts, precondition.host, precondition.vmid);
      return by && stale({ kind: 'vmid-taken', by: guestLabel(by) });
    }
    case 'line-not-there':
    case 'line-gone':
      return checkGone(precondition, now.facts);
    case 'line-not-adopted': {
      const { adoptions } = now.held.get(precondition.repository)?.facts ?? {};
      return adoptions?.has(precondition.line) === true ? stale({ kind: 'line-adopted' }) : undefined;
    }
    case 'snapshots-there':
    case 'snapshots-unpinned':
    case 'snapshots-undamaged':
      return checkSnapshots(precondition, now);
  }
}

type GuestPrecondition = Extract<Precondition, { kind: 'guest-unchanged' | 'target-unchanged' }>;

function checkGuest(
  { host, guest, line }: GuestPrecondition,
  facts: Facts,
  volumes: readonly GuestVolume[] | undefined,
): Fault | undefined {
  const found = guestWithVmid(facts, host, guest.ref.vmid);
  if (found === undefined) return stale({ kind: 'guest-gone', guest });
  if (formatGuestRef(found.ref) !== formatGuestRef(guest.ref) || found.identity.line !== line)
    return stale({ kind: 'guest-replaced', guest });
  if (found.node !== guest.node) return stale({ kind: 'guest-moved', guest, to: found.node });
  const changed = volumes === undefined ? [] : changedVolumes(volumes, found);
  return changed.length === 0 ? undefined : stale({ kind: 'guest-changed', guest, volumes: changed });
}

function checkGone(
  { kind, host, line }: Extract<Precondition, { kind: 'line-not-there' | 'line-gone' }>,
  { hosts }: Facts,
): Fault | undefined {
  const found = hosts.get(host);
  if (found?.kind !== 'reached') return { kind: 'unreachable', reason: `host ${host} was not asked` };
  const { guests, nodes } = found.inventory;
  const back = guests.find(({ identity }) => identity.line === line);
  if (back !== undefined) return stale({ kind: 'guest-back', guest: guestLabel(back) });
  const off = kind === 'line-gone' ? nodes.find(({ online }) => !online) : undefined;
  return off && { kind: 'unreachable', reason: `node ${off.name} is offline, and may hold the guest` };
}

function checkAccess(
  { host, guest, hostAccess = [] }: Extract<Precondition, { kind: 'target-unchanged' }>,
  facts: Facts,
): Fault | undefined {
  const there = guestWithVmid(facts, host, guest.ref.vmid)?.hostAccess ?? [];
  const lines = hostAccess.filter((line) => !there.includes(line));
  return lines.length === 0 ? undefined : stale({ kind: 'guest-lines-gone', guest, lines });
}

function changedVolumes(before: readonly GuestVolume[], { volumes }: Guest): readonly string[] {
  const states = (list: readonly GuestVolume[]) =>
    new Map(list.map(({ key, bytes, storage, leftOut }) => [key, [bytes, storage, leftOut].join(' ')]));
  const [was, is] = [states(before), states(volumes)];
  return [...new Set([...was.keys(), ...is.keys()])].filter((key) => was.get(key) !== is.get(key));
}

function checkNewest(found: number | undefined, planned: number | undefined): Fault | undefined {
  return isNewer(found, planned) ? stale({ kind: 'newer-backup', time: found }) : undefined;
}

function isNewer(found: number | undefined, planned: number | undefined): found is number {
  return found !== undefined && (planned === undefined || found > planned);
}

function newestBackup(
  { repository, line }: Extract<Precondition, { kind: 'no-newer-backup' }>,
  { held }: PresentMoment,
): number | undefined {
  return held.get(repository)?.newestOfLine.get(line);
}

function newestConfig(
  { repository, host, node }: Extract<Precondition, { kind: 'no-newer-node-config' }>,
  { site, facts }: PresentMoment,
): number | undefined {
  return newestNodeConfig(facts, { repository, node, hostId: site.hosts.get(host)?.id });
}

type SnapshotsPrecondition = Extract<Precondition, { readonly ids: readonly string[] }>;

function checkSnapshots(
  { kind, repository, ids }: SnapshotsPrecondition,
  { held }: PresentMoment,
): Fault | undefined {
  const found = held.get(repository);
  if (found === undefined) return stale({ kind: 'repository-gone', repository });
  switch (kind) {
    case 'snapshots-there':
      return anyOf(
        'snapshots-gone',
        ids.filter((id) => !found.byName.has(id)),
      );
    case 'snapshots-unpinned':
      return checkPins(ids, found);
    case 'snapshots-undamaged':
      return anyOf(
        'snapshots-damaged',
        ids.filter((id) => isMarked(id, found.facts.damaged, found)),
      );
  }
}

function checkPins(ids: readonly string[], found: HeldSnapshots): Fault | undefined {
  const [unread] = found.facts.unread ?? [];
  if (unread !== undefined) return stale({ kind: 'pins-unread', unread });
  const pinned = ids.filter((id) => isMarked(id, found.facts.pinned, found));
  return anyOf('snapshots-pinned', pinned);
}

/** Marks are on the id that a snapshot has, or on the one that it had before restic rewrote it. */
function isMarked(id: string, marks: ReadonlySet<string>, { byName }: HeldSnapshots): boolean {
  const { original } = byName.get(id) ?? {};
  return marks.has(id) || (original !== undefined && marks.has(original));
}

function anyOf(
  kind: Extract<StaleReason, { readonly ids: readonly string[] }>['kind'],
  ids: readonly string[],
): Fault | undefined {
  return ids.length === 0 ? undefined : stale({ kind, ids });
}
