import type { HostEntry, RepositoryEntry, Site } from '../config/site.ts';
import type { GuestSnapshot } from '../plan/facts.ts';
import { toGuestSnapshot } from '../plan/guest-snapshot.ts';
import type { ResticSnapshot } from '../plan/restic-snapshot.ts';
import { formatGuestRef } from '../pve/guest.ts';
import { parseGuestConfig } from '../pve/guest-config.ts';
import { hostAccess } from '../pve/host-access.ts';
import type { FileFault } from '../repository/file-fault.ts';
import { readSnapshots } from '../repository/read-snapshots.ts';
import { type Repository, type RepositorySession, withSession } from '../repository/repository.ts';
import { archiveName } from '../snapshot/archive-name.ts';
import { findNode, readSmallFile } from '../snapshot/snapshot-files.ts';
import { UserError } from '../user-error.ts';
import { openSiteRepository } from './open-site.ts';
import { recoveryId } from './recovery-id.ts';
import type { FoundRepository, KitGuest, KitRepository, RecoveryKit } from './recovery-kit.ts';
import {
  listLines,
  passwordLine,
  passwordSource,
  recoveryLines,
  type SnapshotToRecover,
} from './recovery-lines.ts';
import { recoveryNodes } from './recovery-nodes.ts';
import type { Surroundings } from './surroundings.ts';
import { tellUnread } from './tell-unread.ts';

/**
 * Reads what a recovery needs out of every repository of the site; no host is asked. Of each guest, and of each earlier one
 * that had its vmid, the newest snapshot counts.
 * @throws UserError as opening and locking a repository do
 */
export async function readKit(
  site: Site,
  { file }: { readonly file: string },
  surroundings: Surroundings,
): Promise<RecoveryKit> {
  const repositories: KitRepository[] = [];
  for (const entry of site.repositories.values())
    repositories.push(await readRepository(entry, site, surroundings));
  return { madeAt: surroundings.clock(), site: file, repositories };
}

async function readRepository(
  entry: RepositoryEntry,
  site: Site,
  surroundings: Surroundings,
): Promise<KitRepository> {
  const common = { name: entry.name, where: entry.path, password: passwordSource(entry.password) };
  try {
    const repository = await openSiteRepository(entry, surroundings);
    const onFault = ({ file, what }: FileFault) =>
      tellUnread(entry.name, [`${file}: ${what}`], surroundings.stderr);
    const snapshots = await readSnapshots(repository, { onFault });
    const found: FoundRepository = {
      id: repository.config.id,
      keys: repository.keyCount,
      passwordLine: passwordLine(common.password),
      listLines: listLines(repository.where),
      guests: await readGuests(repository, snapshots, { site, surroundings }),
      nodes: recoveryNodes(snapshots, repository.where),
    };
    return { ...common, found };
  } catch (error) {
    if (error instanceof UserError && error.code === 'no-repository') return { ...common, found: undefined };
    throw error;
  }
}

async function readGuests(
  repository: Repository,
  all: readonly ResticSnapshot[],
  { site, surroundings }: { readonly site: Site; readonly surroundings: Surroundings },
): Promise<readonly KitGuest[]> {
  const { home, signal } = surroundings;
  const lines = Map.groupBy(
    all.map((snapshot) => toGuestSnapshot(snapshot)).filter((snapshot) => snapshot !== undefined),
    ({ hostId, guest, line }) => `${hostId} ${formatGuestRef(guest)} ${line ?? ''}`,
  );
  if (lines.size === 0) return [];
  return withSession(repository, { lock: 'shared', signal }, async (session) => {
    const guests: KitGuest[] = [];
    for (const snapshots of [...lines.values()].sort(byGuest)) {
      session.signal.throwIfAborted();
      const newest = snapshots.at(-1);
      if (newest === undefined) continue;
      const id = recoveryId(newest.id, all);
      const host = [...site.hosts.values()].find((entry) => entry.id === newest.hostId);
      guests.push({ ...(await readGuest(session, newest, { id, host, home })), snapshots: snapshots.length });
    }
    return guests;
  });
}

async function readGuest(
  session: RepositorySession,
  snapshot: GuestSnapshot,
  { id, host, home }: { readonly id: string; readonly host: HostEntry | undefined; readonly home: string },
): Promise<Omit<KitGuest, 'snapshots'>> {
  const { guest, hostId } = snapshot;
  const { where } = session.repository;
  try {
    const known = { id, guest, hostId, where, ...(await readContents(session, snapshot)) };
    const { config } = known;
    return { snapshot, name: config?.name, recovery: recoveryLines(known, host, home) };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { snapshot, name: undefined, recovery: { kind: 'unreadable', reason: error.message } };
  }
}

/** A VM's archive is not looked at: its list can be huge, and no line needs its length. */
async function readContents(
  session: RepositorySession,
  { id, guest }: GuestSnapshot,
): Promise<Pick<SnapshotToRecover, 'config' | 'hostAccess' | 'archiveBytes'>> {
  const { tree } = await session.readSnapshot(id);
  const find = (path: string) => findNode(session.reader, tree, `/${formatGuestRef(guest)}/${path}`);
  const node = await find(guest.type === 'qemu' ? 'qemu-server.conf' : 'pct.conf');
  const text = node && Buffer.from(await readSmallFile(session.reader, node)).toString('utf8');
  const { type } = guest;
  const config = text === undefined ? undefined : parseGuestConfig(type, text);
  const access = text === undefined ? [] : hostAccess({ type, text, from: 'archive' });
  if (type === 'qemu') return { config, hostAccess: access, archiveBytes: 0 };
  const archive = await find(`archive/${archiveName(guest.type, guest.vmid)}`);
  if (config === undefined || archive === undefined)
    throw new UserError(
      'snapshot-not-found',
      `the snapshot ${id.slice(0, 8)} has no pct.conf, or no archive`,
    );
  return { config, hostAccess: access, archiveBytes: archive.size };
}

function byGuest([a]: readonly GuestSnapshot[], [b]: readonly GuestSnapshot[]): number {
  if (a === undefined || b === undefined) return 0;
  return a.hostId.localeCompare(b.hostId) || a.guest.vmid - b.guest.vmid || a.time - b.time;
}
