/**
 * Saves a file whose list has as many blobs as are asked for, 256 different ones, reads its tree back, and writes what that took
 * as JSON. Arguments: the repository's folder, its password, how many ids.
 */
import { folderBackend } from '../../src/repository/folder-backend.ts';
import { openRepository, withSession } from '../../src/repository/repository.ts';
import { saveTree } from '../../src/repository/tree-writer.ts';
import { snapshotFacts } from './snapshot-facts.ts';

const [folder = '', password = '', count = '0'] = process.argv.slice(2);
const repository = await openRepository(folderBackend(folder), password);
const before = process.memoryUsage.rss();
let peak = before;
const watch = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage.rss());
}, 20);
const read = await withSession(repository, { lock: 'shared', threads: 2 }, async (session) => {
  const { writer, reader } = session;
  const ids = await Promise.all(
    Array.from({ length: 256 }, (_, i) => writer.save('data', Uint8Array.of(i, i, i, i))),
  );
  const content = {
    *[Symbol.iterator]() {
      for (let i = 0; i < Number(count); i++) {
        const saved = ids[(i * 167 + (i >> 8)) % 256];
        if (saved !== undefined) yield saved.id;
      }
    },
  };
  const node = {
    type: 'file',
    mode: 0o600,
    mtime: '1970-01-01T00:00:00Z',
    name: Buffer.from('large'),
  } as const;
  const tree = await saveTree(writer, [{ ...node, size: 4 * Number(count), content }]);
  await session.saveSnapshot(snapshotFacts(tree.id));
  const [stored] = await reader.readTree(tree.id);
  let different = 0;
  let at = 0;
  for (const id of content)
    if (Buffer.compare(stored?.content.at(at++) ?? Buffer.alloc(0), id) !== 0) different += 1;
  return { length: stored?.content.length, different };
});
clearInterval(watch);
process.stdout.write(JSON.stringify({ ...read, growthMiB: (peak - before) / 2 ** 20 }));
