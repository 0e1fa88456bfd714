/** A disk image that restic cut in its own way: blobs of any length, holes of 8 MiB. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openDisk } from '../../src/nbd/snapshot-disk.ts';
import { readSnapshots } from '../../src/repository/read-snapshots.ts';
import { withSession } from '../../src/repository/repository.ts';
import { findNode } from '../../src/snapshot/snapshot-files.ts';
import { noise } from '../repository/noise.ts';
import { resticOk } from '../repository/restic.ts';
import { openFolder, PASSWORD, temporaryFolder } from '../repository/sample-repository.ts';
import { runAsync } from './run-async.ts';
import { Serving } from './serving.ts';

const MIB = 1 << 20;

it('is read by qemu-img as it was, with its holes', async () => {
  const place = await temporaryFolder();
  const image = join(place, 'images', 'vm.raw');
  await mkdir(join(place, 'images'));
  const bytes = Buffer.concat([noise(7 * MIB + 4097, 1), Buffer.alloc(40 * MIB), noise(3 * MIB + 511, 2)]);
  await writeFile(image, bytes);
  const made = { folder: join(place, 'repository'), password: PASSWORD };
  await resticOk(made, 'init');
  await resticOk(made, 'backup', image);
  const repository = await openFolder(made.folder);
  const [snapshot] = await readSnapshots(repository);
  await withSession(repository, { lock: 'shared', threads: 2 }, async (session) => {
    const node = snapshot && (await findNode(session.reader, snapshot.tree, image));
    if (node === undefined) throw new Error('restic has not backed it up');
    await using serving = await Serving.start(await openDisk(session.reader, 'vm.raw', node));
    expect(await runAsync('qemu-img', 'compare', '-f', 'raw', '-F', 'raw', serving.uri, image)).toMatchObject(
      {
        status: 0,
        stdout: 'Images are identical.\n',
      },
    );
    const map = await runAsync('qemu-img', 'map', '--output=json', '-f', 'raw', serving.uri);
    const extents: readonly { length: number; data: boolean }[] = JSON.parse(map.stdout);
    const holes = extents.filter(({ data }) => !data).reduce((sum, { length }) => sum + length, 0);
    expect(holes).toBeGreaterThanOrEqual(24 * MIB);
    expect(extents.reduce((sum, { length }) => sum + length, 0)).toBeGreaterThanOrEqual(bytes.length);
  });
});
