import type { BlobId } from '../../src/repository/object-id.ts';
import type { SnapshotFacts } from '../../src/repository/snapshot-file.ts';

/** What a snapshot of a guest says; a test changes what it is about. */
export function snapshotFacts(tree: BlobId, facts: Partial<SnapshotFacts> = {}): SnapshotFacts {
  return {
    tree,
    time: '2026-11-22T18:00:00.120+01:00',
    hostname: 'pve',
    paths: ['/qemu/101'],
    tags: ['pvebak', 'guest=00112233445566ff'],
    username: 'pvebak',
    programVersion: 'pvebak 0.1.0',
    ...facts,
  };
}
