import { expect, it } from 'vitest';
import type { Backend } from '../../src/repository/backend.ts';
import { withSession } from '../../src/repository/repository.ts';
import { SnapshotList } from '../../src/repository/snapshot-list.ts';
import { sampleRepository, saveFiles } from './sample-repository.ts';

it('a list of snapshots reads each once, and knows what came and what went', async () => {
  const { repository } = await sampleRepository();
  const save = (tag: string) =>
    withSession(repository, { lock: 'shared', threads: 1 }, (session) =>
      saveFiles(session, [{ name: tag, blobs: [Buffer.from(tag)] }], { tags: [tag] }),
    );
  const read: string[] = [];
  const backend: Backend = {
    ...repository.backend,
    loadIfPresent: (file) => {
      if (file.type === 'snapshots') read.push(file.name);
      return repository.backend.loadIfPresent(file);
    },
  };
  const list = new SnapshotList({ ...repository, backend });
  const idsOf = async (tag: string) => (await list.tagged(tag)).map(({ id }) => id);

  const first = await save('a');
  expect(await idsOf('a')).toEqual([first.id]);
  const second = await save('b');
  expect(await Promise.all([idsOf('a'), idsOf('b')])).toEqual([[first.id], [second.id]]);
  await repository.backend.remove({ type: 'snapshots', name: first.id });
  expect(await Promise.all([idsOf('a'), idsOf('b')])).toEqual([[], [second.id]]);
  expect(read).toEqual([first.id, second.id]);
});
