import { expect, it } from 'vitest';
import { lineChunkSizes } from '../../src/apply/line-chunk-sizes.ts';
import { withSession } from '../../src/repository/repository.ts';
import { saveGuestTree } from '../../src/snapshot/guest-tree.ts';
import { backup, guest, line } from '../plan/sample-site.ts';
import { sampleRepository } from '../repository/sample-repository.ts';
import { snapshotFacts } from '../repository/snapshot-facts.ts';

const old = guest('qemu/101');
const RECORD = { version: 1, disks: [{ device: 'drive-scsi0', chunkSize: 256 << 10 }] };

/** The sizes that the next backup keeps to, after one with such a pvebak.json. */
async function sizesAfter(json: string, of = old) {
  const { repository } = await sampleRepository();
  return withSession(repository, { lock: 'shared' }, async (session) => {
    const entries = [{ kind: 'small-file', name: 'pvebak.json', bytes: Buffer.from(json) }] as const;
    const tree = await saveGuestTree(session.writer, old.ref, { entries, time: '2026-11-22T18:00:00Z' });
    const { id } = await session.saveSnapshot(snapshotFacts(tree));
    return lineChunkSizes(session, backup(of, 0, { id, line: line('201') }));
  });
}

it('the disks of a line keep the chunks that its newest backup cut them into, also after it was another line', async () => {
  expect([...(await sizesAfter(JSON.stringify(RECORD)))]).toEqual([['drive-scsi0', 256 << 10]]);
});

it.each([
  ['a record that is none', 'x', old],
  [
    'a size that no chunk has',
    JSON.stringify({ ...RECORD, disks: [{ device: 'drive-scsi0', chunkSize: 5 }] }),
    old,
  ],
  ['a snapshot of another guest', JSON.stringify(RECORD), guest('qemu/201')],
  ['a container', JSON.stringify(RECORD), guest('lxc/101')],
])('%s sets none', async (_, json, of) => {
  expect([...(await sizesAfter(json, of))]).toEqual([]);
});
