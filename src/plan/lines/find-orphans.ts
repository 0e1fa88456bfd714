import type { Site } from '../../config/site.ts';
import { formatGuestRef } from '../../pve/guest.ts';
import type { LineId } from '../../pve/inventory.ts';
import type { Facts, GuestSnapshot } from '../facts.ts';
import { newestOf } from '../judge-freshness.ts';
import type { RestoreAction } from '../plan.ts';
import { guestLabel, type ReachedHost, reachedHosts } from '../reached-hosts.ts';
import { linesThere } from './join-lines.ts';
import type { OrphanLine, OrphanReason } from './orphan-line.ts';

/** An orphan with all that the repository holds of it. */
export interface FoundOrphan {
  readonly orphan: OrphanLine;
  /** Oldest first. */
  readonly snapshots: readonly GuestSnapshot[];
}

/**
 * Lines with backups that hosts of this site made, and whose machine none of them shows. A line is left out while one of its
 * hosts could not be asked, and what no host of this site made is not its business: a repository may be shared.
 */
export function findOrphans(
  site: Site,
  facts: Facts,
  restores: readonly RestoreAction[] = [],
): readonly FoundOrphan[] {
  const hosts = reachedHosts(site, facts);
  const alive = linesThere(facts);
  const keepMs = site.orphans?.keepMs;
  const found = [...facts.repositories].flatMap(([repository, held]) =>
    [...Map.groupBy(held.snapshots, ({ line }) => line)].flatMap(([line, snapshots]) => {
      if (line === undefined || alive.has(line)) return [];
      return orphanOf(line, snapshots, { repository, site, hosts, keepMs, restores });
    }),
  );
  return found.toSorted((a, b) => compareKeys(sortKey(a), sortKey(b)));
}

/** Whether there is no doubt. */
export function isGone({ kind }: OrphanReason): boolean {
  return kind === 'gone' || kind === 'vmid-reused';
}

/** Entries of the site under whose ids the snapshots were made. */
export function hostsOf(site: Pick<Site, 'hosts'>, snapshots: readonly GuestSnapshot[]): readonly string[] {
  const ids = new Set(snapshots.map(({ hostId }) => hostId));
  return [...site.hosts.values()].filter(({ id }) => ids.has(id)).map(({ name }) => name);
}

interface Surroundings {
  readonly repository: string;
  readonly site: Site;
  readonly hosts: readonly ReachedHost[];
  readonly keepMs: number | undefined;
  readonly restores: readonly RestoreAction[];
}

function orphanOf(
  line: LineId,
  snapshots: readonly GuestSnapshot[],
  { repository, site, hosts, keepMs, restores }: Surroundings,
): readonly FoundOrphan[] {
  const names = hostsOf(site, snapshots);
  const reached = hosts.filter(({ entry }) => names.includes(entry.name));
  if (names.length === 0 || reached.length < names.length) return [];
  const newest = newestOf(snapshots);
  const newestHere = newestOf(
    snapshots.filter(({ hostId }) => reached.some(({ entry }) => entry.id === hostId)),
  );
  const host = reached.find(({ entry }) => entry.id === newestHere?.hostId);
  if (newest === undefined || newestHere === undefined || host === undefined) return [];
  const why = reasonOf(snapshots, newestHere, host, reached);
  const wantedBy = wantingRestore(snapshots, { repository, site, restores });
  const hasEnd = keepMs !== undefined && isGone(why) && wantedBy === undefined;
  return [
    {
      orphan: {
        repository,
        host: host.entry.name,
        guest: { ref: newestHere.guest },
        line,
        snapshots: snapshots.length,
        newestAt: newest.time,
        why,
        ...(wantedBy !== undefined && { wantedBy }),
        ...(hasEnd && { keptUntil: newest.time + keepMs }),
      },
      snapshots: snapshots.toSorted((a, b) => a.time - b.time),
    },
  ];
}

/** The name of a restore that names the guest, or that this plan makes of one of its snapshots. */
function wantingRestore(
  snapshots: readonly GuestSnapshot[],
  { repository, site, restores }: Pick<Surroundings, 'repository' | 'site' | 'restores'>,
): string | undefined {
  const ids = new Set(snapshots.map(({ id }) => id));
  const places = new Set(snapshots.map(({ hostId, guest }) => `${hostId} ${formatGuestRef(guest)}`));
  const named = site.restores.find(
    (entry) =>
      entry.repository === repository &&
      'guest' in entry &&
      places.has(`${entry.fromHostId} ${formatGuestRef(entry.guest)}`),
  );
  const made = restores.find((action) => action.repository === repository && ids.has(action.snapshot.id));
  return named?.name ?? made?.intent;
}

/** @param host that made its newest backup. @param reached all that made any */
function reasonOf(
  snapshots: readonly GuestSnapshot[],
  { guest: ref }: GuestSnapshot,
  host: ReachedHost,
  reached: readonly ReachedHost[],
): OrphanReason {
  const offline = reached.flatMap(({ inventory }) =>
    inventory.nodes.filter(({ online }) => !online).map(({ name }) => name),
  );
  const by = host.inventory.guests.find((guest) => guest.ref.vmid === ref.vmid);
  if (by?.identity.machine.kind === 'none') return { kind: 'unidentified', by: guestLabel(by) };
  // A vmid belongs to one guest of a cluster: whoever has it now shows that the former one is gone.
  const isSettled = by !== undefined && placesOf(snapshots) === 1;
  if (offline.length > 0 && !isSettled) return { kind: 'unsure', offline: [...new Set(offline)] };
  return by === undefined ? { kind: 'gone' } : { kind: 'vmid-reused', by: guestLabel(by) };
}

function placesOf(snapshots: readonly GuestSnapshot[]): number {
  return new Set(snapshots.map(({ hostId, guest }) => `${hostId} ${formatGuestRef(guest)}`)).size;
}

function sortKey({ orphan }: FoundOrphan): readonly (string | number)[] {
  const { repository, host, guest, newestAt, line } = orphan;
  return [repository, host, formatGuestRef(guest.ref), newestAt, line];
}

function compareKeys(a: readonly (string | number)[], b: readonly (string | number)[]): number {
  for (const [index, one] of a.entries()) {
    const other = b[index] ?? one;
    if (one !== other) return one < other ? -1 : 1;
  }
  return 0;
}
