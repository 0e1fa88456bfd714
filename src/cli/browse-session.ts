import { chooseSnapshot, type HeldSnapshot, type SnapshotWish } from '../browse/choose-snapshot.ts';
import type { FileFault } from '../repository/file-fault.ts';
import { readSnapshots } from '../repository/read-snapshots.ts';
import { type Repository, type RepositorySession, withSession } from '../repository/repository.ts';
import { openChoice, type RepositoryChoice } from './repository-choice.ts';
import type { Surroundings } from './surroundings.ts';
import { tellUnread } from './tell-unread.ts';

/** How the command line says which snapshot is meant. */
export interface SnapshotChoice extends RepositoryChoice, Pick<SnapshotWish, 'guest' | 'from'> {
  /** An id, its beginning, `latest`, or a guest for its newest. */
  readonly snapshot: string;
}

/** A snapshot in a repository that is open but not locked. */
export interface ChosenSnapshot extends HeldSnapshot {
  readonly open: Repository;
}

/** All snapshots of all repositories that are asked, with the repository of each, oldest first. */
export async function heldSnapshots(
  choice: RepositoryChoice,
  surroundings: Surroundings,
): Promise<readonly ChosenSnapshot[]> {
  const { repositories } = await openChoice(choice, surroundings);
  const held: ChosenSnapshot[] = [];
  for (const [repository, open] of repositories) {
    const onFault = ({ file, what }: FileFault) =>
      tellUnread(repository, [`${file}: ${what}`], surroundings.stderr);
    for (const snapshot of await readSnapshots(open, { onFault })) held.push({ repository, snapshot, open });
  }
  return held;
}

/** @throws UserError as `chooseSnapshot` does */
export function chosen(held: readonly ChosenSnapshot[], wish: SnapshotWish): ChosenSnapshot {
  const { snapshot } = chooseSnapshot(held, wish);
  const found = held.find((one) => one.snapshot === snapshot);
  if (found === undefined) throw new Error('a snapshot was chosen that is not there');
  return found;
}

/** Opens the one snapshot that is meant, and lends it with its repository locked for reading. */
export async function withSnapshot<T>(
  choice: SnapshotChoice,
  surroundings: Surroundings,
  work: (session: RepositorySession, chosen: ChosenSnapshot) => Promise<T>,
): Promise<T> {
  const held = await heldSnapshots(choice, surroundings);
  const one = chosen(held, { what: choice.snapshot, guest: choice.guest, from: choice.from });
  return reading(one.open, surroundings, (session) => work(session, one));
}

/** Locks and indexes a repository for reading. */
export function reading<T>(
  repository: Repository,
  { signal }: Surroundings,
  work: (session: RepositorySession) => Promise<T>,
): Promise<T> {
  return withSession(repository, { lock: 'shared', signal }, work);
}

/** What the program ends with when nobody reads its output any more: as if SIGPIPE had ended it. */
export const CLOSED_PIPE_STATUS = 141;
