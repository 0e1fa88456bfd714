import type { RestoreIntent } from '../config/site.ts';
import { formatGuestRef } from '../pve/guest.ts';
import type { Facts, GuestSnapshot } from './facts.ts';

/** Finds the snapshots that an intent may mean without looking at all others each time. */
export class SnapshotsByGuest {
  readonly #facts: Facts;
  /** Each repository's by `HOST-ID qemu/101`. */
  readonly #found = new Map<string, ReadonlyMap<string, readonly GuestSnapshot[]>>();

  constructor(facts: Facts) {
    this.#facts = facts;
  }

  /** Of its guest, from its host. Having asked its repository is the caller's duty. */
  of({ repository, fromHostId, guest }: RestoreIntent): readonly GuestSnapshot[] {
    const known = this.#found.get(repository) ?? this.#index(repository);
    return known.get(`${fromHostId} ${formatGuestRef(guest)}`) ?? [];
  }

  #index(repository: string): ReadonlyMap<string, readonly GuestSnapshot[]> {
    const held = this.#facts.repositories.get(repository);
    if (held === undefined) throw new Error(`no facts about the repository ${repository}`);
    const index = Map.groupBy(held.snapshots, ({ hostId, guest }) => `${hostId} ${formatGuestRef(guest)}`);
    this.#found.set(repository, index);
    return index;
  }
}
