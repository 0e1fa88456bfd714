import type { HostAccess } from './host-access.ts';

/** What a backup says of the guest that it holds. It comes from outside: names may be anything. */
export interface GuestContents {
  readonly name?: string;
  /** Where it was. */
  readonly node?: string;
  readonly pool?: string;
  readonly tags: readonly string[];
  /** Its number in the order in which the node starts guests, `startup: order=3`. */
  readonly startOrder?: number;
  /** What a restore makes. */
  readonly volumes: readonly StoredVolume[];
  /** That its network cards are on. */
  readonly bridges: readonly string[];
  /** Lines of its configuration, as the archive holds it, that reach a node; absent: none. */
  readonly hostAccess?: readonly HostAccess[];
}

export interface StoredVolume {
  /** Where it lay; absent where that is not told. */
  readonly storage?: string;
  /** What it states; absent: nothing, or no limit. */
  readonly bytes?: number;
  /** Of those, what is not all zeros; of a container's, all of the archive with its only volume. Absent: it cannot be told. */
  readonly dataBytes?: number;
}
