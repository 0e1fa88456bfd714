import type { HostEntry, Site } from '../config/site.ts';
import type { Facts, HostFacts, RepositoryFacts } from '../plan/facts.ts';
import { toGuestSnapshot } from '../plan/guest-snapshot.ts';
import { toNodeSnapshot } from '../plan/node-snapshot.ts';
import { readInventory } from '../pve/read-inventory.ts';
import { declaredRetentions } from '../records/declared-retentions.ts';
import { readKnownRecords } from '../records/known-records.ts';
import { recordsAmong } from '../records/read-records.ts';
import { restoredTargets } from '../records/restored-targets.ts';
import { snapshotMarks } from '../records/snapshot-marks.ts';
import type { FileFault } from '../repository/file-fault.ts';
import { readSnapshots } from '../repository/read-snapshots.ts';
import type { Repository } from '../repository/repository.ts';
import type { Snapshot } from '../repository/snapshot-file.ts';
import { type Retry, withRetries } from '../transport/with-retries.ts';
import { UserError } from '../user-error.ts';
import { lineAdoptions } from './line-adoptions.ts';
import type { Opening } from './open-site.ts';
import type { Surroundings } from './surroundings.ts';
import { retryText } from './view/outcome-text.ts';
import { terminalSafe } from './view/terminal-safe.ts';
import { openShell } from './way-in.ts';

/** Somebody waits for the answer: 5 s more at most. */
const MOST_RETRIES = 2;

/**
 * Asks every host, while the repositories are being opened and read. A host that can't be asked is a fact too.
 * @throws UserError of the first repository that can't be opened; no host is being asked then
 */
export async function gatherFacts(
  site: Site,
  { opened }: Opening,
  surroundings: Surroundings,
): Promise<Facts> {
  const now = surroundings.clock();
  const stop = new AbortController();
  const signal = AbortSignal.any([surroundings.signal, stop.signal]);
  const asking = Promise.all(
    [...site.hosts.values()].map(
      async (host) => [host.name, await askHost(host, { ...surroundings, signal })] as const,
    ),
  );
  try {
    const [hosts, repositories] = await Promise.all([asking, askRepositories(opened, now)]);
    return { now, hosts: new Map(hosts), repositories: new Map(repositories) };
  } catch (error) {
    stop.abort(error);
    await asking.catch(() => undefined);
    throw error;
  }
}

async function askRepositories(opened: Opening['opened'], now: number) {
  return Promise.all(
    [...(await opened)].map(
      async ([name, repository]) => [name, await askRepository(repository, now)] as const,
    ),
  );
}

/** Also when it does not answer. @throws the signal's reason */
export async function askHost(host: HostEntry, surroundings: Surroundings): Promise<HostFacts> {
  const { signal, stderr } = surroundings;
  const onRetry = (retry: Retry) => stderr.write(`pvebak: ${terminalSafe(host.name)}: ${retryText(retry)}\n`);
  try {
    return await withRetries(() => readHost(host, surroundings), {
      onRetry,
      signal,
      mostRetries: MOST_RETRIES,
    });
  } catch (error) {
    surroundings.signal.throwIfAborted();
    if (!(error instanceof UserError)) throw error;
    const hint = error.hint === undefined ? '' : `; ${error.hint}`;
    // A plan names it in one paragraph.
    return { kind: 'unreachable', reason: `${error.message}${hint}`.replace(/\s*\n\s*/g, ' ') };
  }
}

async function readHost(host: HostEntry, surroundings: Surroundings): Promise<HostFacts> {
  const { signal } = surroundings;
  await using shell = await openShell(host, surroundings, signal);
  return { kind: 'reached', inventory: await readInventory(shell, { signal }) };
}

/** @param now milliseconds since 1970 */
export async function askRepository(repository: Repository, now: number): Promise<RepositoryFacts> {
  const unread: string[] = [];
  const onFault = ({ file, what }: FileFault) => unread.push(`${file}: ${what}`);
  const all = await readSnapshots(repository, { onFault });
  const kinds = ['pin', 'ack', 'verify', 'restore', 'policies', 'adopt'] as const;
  const records = await readKnownRecords(repository, all, kinds, { onFault });
  const retentions = declaredRetentions(records);
  const pruned = recordsAmong(all, 'prune').at(-1);
  return {
    id: repository.config.id,
    ...listGuests(all),
    keyCount: repository.keyCount,
    ...(unread.length > 0 && { unread }),
    ...(pruned !== undefined && { prunedAt: Date.parse(pruned.snapshot.time) }),
    ...snapshotMarks(records, now),
    restored: restoredTargets(records),
    ...(retentions.size > 0 && { retentions }),
    adoptions: lineAdoptions(records),
  };
}

/** Which snapshots are of guests, and which of nodes. */
export function listGuests(all: readonly Snapshot[]): Pick<RepositoryFacts, 'snapshots' | 'nodeSnapshots'> {
  return {
    snapshots: all.flatMap((snapshot) => toGuestSnapshot(snapshot) ?? []),
    nodeSnapshots: all.flatMap((snapshot) => toNodeSnapshot(snapshot) ?? []),
  };
}
