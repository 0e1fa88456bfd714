import { UserError } from '../user-error.ts';
import { isFileFault } from './file-fault.ts';
import { readSnapshot, readSnapshots } from './read-snapshots.ts';
import type { Repository } from './repository.ts';
import type { Snapshot } from './snapshot-file.ts';

/** The snapshots of a repository while others come and go: each is read once. */
export class SnapshotList {
  readonly #repository: Repository;
  #known: ReadonlyMap<string, Snapshot> | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(repository: Repository) {
    this.#repository = repository;
  }

  /** All that are there now and bear the tag; those that are damaged or cannot be read are left out. */
  tagged(tag: string): Promise<readonly Snapshot[]> {
    const now = this.#last.then(() => this.#look());
    this.#last = now.catch(() => undefined);
    return now.then((known) => [...known.values()].filter(({ tags }) => tags.includes(tag)));
  }

  async #look(): Promise<ReadonlyMap<string, Snapshot>> {
    const before = this.#known;
    if (before === undefined) {
      const all = await readSnapshots(this.#repository, { onFault: () => undefined });
      this.#known = new Map(all.map((snapshot) => [snapshot.id, snapshot]));
      return this.#known;
    }
    const now = new Map<string, Snapshot>();
    for (const id of await this.#repository.backend.names('snapshots')) {
      const snapshot = before.get(id) ?? (await this.#read(id));
      if (snapshot !== undefined) now.set(id, snapshot);
    }
    this.#known = now;
    return now;
  }

  /** Undefined when it was forgotten meanwhile, or is no good. */
  async #read(id: string): Promise<Snapshot | undefined> {
    try {
      return await readSnapshot(this.#repository, id);
    } catch (error) {
      if (isFileFault(error) || (error instanceof UserError && error.code === 'snapshot-not-found'))
        return undefined;
      throw error;
    }
  }
}
