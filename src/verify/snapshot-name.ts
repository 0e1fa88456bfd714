import { formatGuestRef, parseGuestRef } from '../pve/guest.ts';
import type { Snapshot } from '../repository/snapshot-file.ts';

/** What a snapshot is of (FORMAT.md). */
export type SnapshotSubject =
  /** `qemu/101` */
  | { readonly kind: 'guest'; readonly guest: string }
  | { readonly kind: 'node'; readonly node: string }
  /** One of pvebak's own records. */
  | { readonly kind: 'record' }
  /** Made by another program. */
  | { readonly kind: 'other'; readonly paths: readonly string[] }
  /** Its file cannot be read. */
  | { readonly kind: 'unreadable' };

/** A snapshot as a report names it. */
export interface SnapshotName {
  readonly id: string;
  /** The id it had before restic rewrote it. */
  readonly original?: string;
  /** RFC 3339; undefined when it cannot be read. */
  readonly time: string | undefined;
  readonly hostname: string;
  readonly subject: SnapshotSubject;
}

export function nameSnapshot(snapshot: Snapshot): SnapshotName {
  const { id, original, time, hostname } = snapshot;
  return { id, ...(original !== undefined && { original }), time, hostname, subject: subjectOf(snapshot) };
}

function subjectOf({ paths, tags }: Snapshot): SnapshotSubject {
  if (tags.includes('pvebak-record')) return { kind: 'record' };
  const [path = '', ...others] = paths;
  if (!tags.includes('pvebak') || others.length > 0) return { kind: 'other', paths };
  const guest = parseGuestRef(path.slice(1));
  if (guest !== undefined && path.startsWith('/')) return { kind: 'guest', guest: formatGuestRef(guest) };
  const node = /^\/node\/([^/]+)$/.exec(path)?.[1];
  return node === undefined ? { kind: 'other', paths } : { kind: 'node', node };
}
