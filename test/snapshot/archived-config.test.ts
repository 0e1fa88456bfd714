/** Whoever can write to a repository can write other things beside an archive than into it: the archive counts. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeVmaHeader } from '../../src/formats/vma/encode-vma-header.ts';
import { parseGuestRef } from '../../src/pve/guest.ts';
import { type RepositorySession, withSession } from '../../src/repository/repository.ts';
import { archiveName } from '../../src/snapshot/archive-name.ts';
import { FileBuilder } from '../../src/snapshot/file-builder.ts';
import { readGuestContents } from '../../src/snapshot/guest-contents.ts';
import { type GuestEntry, saveGuestTree } from '../../src/snapshot/guest-tree.ts';
import { openSnapshot } from '../../src/snapshot/open-snapshot.ts';
import { END_BLOCKS, joinBytes, paxEntry, tarEntry } from '../formats/tar/tar-builder.ts';
import { snapshotFacts } from '../repository/snapshot-facts.ts';
import { memoryRepository } from './taken-rootfs.ts';

const CONFIG = './etc/vzdump/pct.conf';
const evil = 'hostname: evil\nunprivileged: 1\nlxc.hook.pre-start: /bin/sh\n';
const good = 'hostname: good\nunprivileged: 1\n';

const notFirst = [
  { line: './etc/vzdump/pct.conf is not the first file of the archive', reason: 'no-configuration' },
];

let session: RepositorySession;
let ended: Promise<void>;
const end = Promise.withResolvers<void>();

beforeAll(async () => {
  const lent = Promise.withResolvers<RepositorySession>();
  ended = withSession(await memoryRepository(), { lock: 'shared', threads: 1 }, (one) => {
    lent.resolve(one);
    return end.promise;
  });
  session = await lent.promise;
});

afterAll(async () => {
  end.resolve();
  await ended;
});

/** @param beside the configuration that lies beside the archive; absent: none does */
async function opened(guest: string, archive: readonly Uint8Array[], beside?: string) {
  const ref = parseGuestRef(guest);
  if (ref === undefined) throw new Error(`${guest} is no guest`);
  const file = new FileBuilder(session.writer);
  for (const blob of archive) await file.push(new Uint8Array(blob));
  const { size, content } = await file.end();
  const large = { kind: 'large-file', folder: 'archive', size, content } as const;
  const conf = ref.type === 'qemu' ? 'qemu-server.conf' : 'pct.conf';
  const entries: GuestEntry[] = [
    { ...large, name: archiveName(ref.type, ref.vmid) },
    ...(beside === undefined ? [] : [fileBeside(conf, beside)]),
  ];
  const tree = await saveGuestTree(session.writer, ref, { entries, time: '2026-11-22T18:00:00Z' });
  await session.writer.flush();
  const contents = await readGuestContents(session.reader, { tree, guest: ref });
  const { id } = await session.saveSnapshot(snapshotFacts(tree));
  const { config, hostAccess } = await openSnapshot(session, id, ref);
  expect(contents?.hostAccess ?? []).toEqual(hostAccess);
  return { config, found: hostAccess };
}

function fileBeside(name: string, text: string): GuestEntry {
  return { kind: 'small-file', name, bytes: new Uint8Array(Buffer.from(text)) };
}

function tar(...entries: readonly Uint8Array[]): readonly Uint8Array[] {
  return [joinBytes([...entries, END_BLOCKS])];
}

describe('the configuration of a container is that at the beginning of its archive', () => {
  it.each([[evil], [undefined]])('with %j beside it', async (beside) => {
    const { config, found } = await opened('lxc/105', tar(tarEntry({ name: CONFIG }, evil)), beside);
    expect(config?.values.get('hostname')).toBe('evil');
    expect(found).toEqual([{ line: 'lxc.hook.pre-start: /bin/sh', reason: 'raw-lxc' }]);
  });

  it('and nothing is restored where another one lies beside it, which a plan may have been made by', async () => {
    const lying = opened('lxc/105', tar(tarEntry({ name: CONFIG }, evil)), good);
    await expect(lying).rejects.toMatchObject({
      code: 'repository-damaged',
      message: expect.stringContaining('does not have the configuration that lies beside it'),
    });
  });

  it('and not what the container has in a file of that name', async () => {
    const archive = tar(tarEntry({ name: CONFIG }, good), tarEntry({ name: CONFIG }, evil));
    expect((await opened('lxc/105', archive, good)).found).toEqual([]);
  });

  it('also when it is cut into blobs somewhere, and has pax headers', async () => {
    const [bytes = new Uint8Array()] = tar(paxEntry({ mtime: '1.5' }), tarEntry({ name: CONFIG }, evil));
    const archive = [bytes.subarray(0, 700), bytes.subarray(700, 1600), bytes.subarray(1600)];
    expect((await opened('lxc/105', archive, evil)).found).toHaveLength(1);
  });

  it('and nothing behind it is read', async () => {
    const archive = [
      joinBytes([tarEntry({ name: CONFIG }, good), tarEntry({ name: './a' })]),
      new Uint8Array(Buffer.from('no tar')),
    ];
    expect((await opened('lxc/105', archive, good)).found).toEqual([]);
  });
});

describe('nobody can say what pct would make of an archive', () => {
  const link = { name: './etc', type: '2', linkName: 'x' };
  it.each([
    ['whose configuration is not first', tar(tarEntry(link), tarEntry({ name: CONFIG }, good))],
    ['without one', tar(tarEntry({ name: './bin/sh' }, 'x'))],
    ['whose configuration has another name', tar(tarEntry({ name: 'etc/vzdump/pct.conf' }, good))],
    ['whose configuration is a link', tar(tarEntry({ name: CONFIG, type: '2', linkName: '/x' }))],
    ['whose configuration is a hard link', tar(tarEntry({ name: CONFIG, type: '1', linkName: './x' }))],
    [
      'whose configuration is a sparse file',
      tar(
        paxEntry({
          'GNU.sparse.major': '1',
          'GNU.sparse.minor': '0',
          'GNU.sparse.name': CONFIG,
          'GNU.sparse.realsize': '0',
        }),
        tarEntry({ name: './GNUSparseFile.0/x' }, '0\n'.padEnd(512, '\0')),
      ),
    ],
    ['with nothing in it', tar()],
  ])('%s', async (_, archive) => {
    expect((await opened('lxc/105', archive)).found).toEqual(notFirst);
    await expect(opened('lxc/105', archive, good)).rejects.toMatchObject({ code: 'repository-damaged' });
  });

  it.each([
    ['that is no tar', [new Uint8Array(512).fill(65)]],
    ['whose configuration is larger than any', tar(tarEntry({ name: CONFIG }, 'x'.repeat((1 << 20) + 1)))],
  ])('%s is damaged', async (_, archive) => {
    await expect(opened('lxc/105', archive, good)).rejects.toMatchObject({ code: 'repository-damaged' });
  });
});

describe('the configuration of a VM is that in the header of its archive', () => {
  const header = (config: string) =>
    encodeVmaHeader({
      uuid: new Uint8Array(16),
      ctime: 0,
      configs: [{ name: 'qemu-server.conf', content: new Uint8Array(Buffer.from(config)) }],
      devices: [],
    });

  it('and nothing is restored where another one lies beside it', async () => {
    const archive = [header('args: -x\nname: evil\n')];
    const { config, found } = await opened('qemu/101', archive);
    expect(config?.values.get('name')).toBe('evil');
    expect(found).toEqual([{ line: 'args: -x', reason: 'qemu-arguments' }]);
    const lying = opened('qemu/101', archive, 'name: good\n');
    await expect(lying).rejects.toMatchObject({ code: 'repository-damaged' });
  });

  it('and one that is no VMA is damaged', async () => {
    const none = opened('qemu/101', [new Uint8Array(13_000)], 'name: good\n');
    await expect(none).rejects.toMatchObject({ code: 'repository-damaged' });
  });
});
