import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DumpedFiles } from '../apply/dumped-file.ts';
import { noise } from '../repository/noise.ts';
import { type StoredTree, type TamperHelp, type Tampering, tamper } from './tampered-snapshot.ts';
import { type Kept, keepGuests, type VerifyChoice, verified } from './verified-repository.ts';

let dumped: DumpedFiles;
let kept: Kept;
beforeAll(async () => {
  dumped = await DumpedFiles.start();
  kept = await keepGuests(dumped);
});
afterAll(() => dumped[Symbol.asyncDispose]());

const VM = '/qemu/109';
const DISK = 'drive-scsi0';
const ARCHIVE = `${VM}/archive/vzdump-qemu-109.vma`;
const CT = '/lxc/205';
const TAR = `${CT}/archive/vzdump-lxc-205.tar`;

/** Verifies a snapshot that was tampered with: paths and what is wrong there. */
async function faultsOf(
  snapshot: string,
  make: (help: TamperHelp) => Promise<Tampering>,
  choice: VerifyChoice = { reading: { kind: 'structure' } },
): Promise<readonly (readonly [string, string])[]> {
  const id = await tamper(dumped.repository, snapshot, make);
  const report = await verified(join(dumped.folder, 'repository'), { ...choice, ids: [id] });
  for (const { fault, touches } of report.faults)
    expect(touches).toEqual([{ snapshot: id, paths: ['path' in fault ? fault.path : ''], morePaths: 0 }]);
  expect(report.snapshots.map(({ whole }) => whole)).toEqual([report.faults.length === 0]);
  return report.faults.map(({ fault }) =>
    fault.kind === 'contents' ? ([fault.path, fault.what] as const) : ([fault.kind, ''] as const),
  );
}

function nodeIn(tree: StoredTree, name: string) {
  const node = tree.nodes.find((one) => one.name === name);
  if (node === undefined) throw new Error(`no ${name}`);
  return node;
}

/** Puts another record in the place of the one that is there. */
async function withRecord(
  help: TamperHelp,
  snapshot: string,
  {
    folder,
    change,
  }: { readonly folder: string; readonly change: (record: Record<string, unknown>) => unknown },
): Promise<Tampering> {
  const record = change(await help.json(snapshot, `${folder}/pvebak.json`));
  const text = typeof record === 'string' ? record : JSON.stringify(record);
  const id = await help.blob(Buffer.from(text));
  return {
    [folder]: (tree) => {
      nodeIn(tree, 'pvebak.json').content = [id];
    },
  };
}

function withFirstDisk(record: Record<string, unknown>, change: object): object {
  const disks: readonly { device: string }[] = Array.isArray(record['disks']) ? record['disks'] : [];
  return { ...record, disks: disks.map((disk) => (disk.device === DISK ? { ...disk, ...change } : disk)) };
}

describe('the snapshot of a VM', () => {
  it('that is stored again unchanged is whole', async () => {
    expect(await faultsOf(kept.mail, async () => ({ [VM]: () => undefined }))).toEqual([]);
  });

  it('whose disk has two chunks exchanged is not what was backed up', async () => {
    const faults = await faultsOf(kept.mail, async () => ({
      [`${VM}/${DISK}`]: (tree) => nodeIn(tree, `${DISK}.raw`).content?.reverse(),
    }));
    expect(faults).toEqual([
      [`${VM}/${DISK}/${DISK}.raw`, 'its list of blobs is not the one that was backed up'],
    ]);
  });

  it.each([
    [
      'another first chunk',
      async (ids: readonly string[], help: TamperHelp) => [
        await help.blob(noise(help.lengthOf(ids[0] ?? ''), 5)),
        ...ids.slice(1),
      ],
      'its blob 1 is not that of chunk 0 of drive-scsi0',
    ],
    [
      'its chunks in the other order',
      async (ids: readonly string[]) => ids.toReversed(),
      'drive-scsi0: blob 1 of its list reaches over the end of a chunk',
    ],
  ])('whose disk has %s, as its record says, has an archive of another disk', async (_, change, what) => {
    const path = `${VM}/${DISK}/${DISK}.raw`;
    const faults = await faultsOf(kept.mail, async (help) => {
      const content = [...(await change(await help.list(kept.mail, path), help))];
      const record = await withRecord(help, kept.mail, {
        folder: VM,
        change: (json) => withFirstDisk(json, { listDigest: help.digest(content) }),
      });
      return {
        ...record,
        [`${VM}/${DISK}`]: (tree) => Object.assign(nodeIn(tree, `${DISK}.raw`), { content }),
      };
    });
    expect(faults).toEqual([[ARCHIVE, what]]);
  });

  it.each([
    ['lacks its last blob', (ids: readonly string[]) => ids.slice(0, -1)],
    ['has its last blob twice', (ids: readonly string[]) => [...ids, ids.at(-1) ?? '']],
    ['lacks its header', (ids: readonly string[]) => ids.slice(1)],
  ])('whose archive %s, as its record says, is not one that the disks make', async (_, change) => {
    const faults = await faultsOf(kept.mail, async (help) => {
      const ids = change(await help.list(kept.mail, ARCHIVE));
      const size = ids.reduce((sum, id) => sum + help.lengthOf(id), 0);
      const record = await withRecord(help, kept.mail, {
        folder: VM,
        change: (json) => ({
          ...json,
          archive: { name: 'vzdump-qemu-109.vma', size, listDigest: help.digest(ids) },
        }),
      });
      return {
        ...record,
        [`${VM}/archive`]: (tree) =>
          Object.assign(nodeIn(tree, 'vzdump-qemu-109.vma'), { size, content: ids }),
      };
    });
    expect(faults).toEqual([
      [
        ARCHIVE,
        expect.stringMatching(/^(its blob \d+ is not|it goes on behind what the disks make|this is no VMA)/),
      ],
    ]);
  });

  it('whose configuration is another one than that of its archive is not whole', async () => {
    const faults = await faultsOf(kept.mail, async (help) => {
      const id = await help.blob(Buffer.from('cores: 1\n'));
      return {
        [VM]: (tree) => {
          nodeIn(tree, 'qemu-server.conf').content = [id];
        },
      };
    });
    expect(faults).toEqual([[ARCHIVE, 'its qemu-server.conf is not the one that stands beside it']]);
  });

  it.each([
    ['is no JSON', () => '{', 'it is not JSON'],
    ['is of a later version', (json: object) => ({ ...json, version: 2 }), 'version 2 of it is not known'],
    [
      'is of another guest',
      (json: object) => ({ ...json, guest: { type: 'qemu', vmid: 1 } }),
      'it is of qemu/1',
    ],
    [
      'says nothing of an archive',
      (json: object) => ({ ...json, archive: {} }),
      'it does not say what the archive is',
    ],
    [
      'has a disk without a digest',
      (json: object) => ({ ...json, disks: [{}] }),
      'it does not say what each disk is',
    ],
  ])('whose record %s is not whole', async (_, change, what) => {
    const faults = await faultsOf(kept.mail, (help) => withRecord(help, kept.mail, { folder: VM, change }));
    expect(faults).toEqual([[`${VM}/pvebak.json`, what]]);
  });

  it.each([
    ['record', VM, 'pvebak.json', `${VM}/pvebak.json`],
    ['disk', VM, DISK, `${VM}/${DISK}/${DISK}.raw`],
    ['archive', VM, 'archive', ARCHIVE],
    ['folder', '/qemu', '109', VM],
  ])('without its %s is not whole', async (_, folder, name, path) => {
    const faults = await faultsOf(kept.mail, async () => ({
      [folder]: (tree) => {
        tree.nodes = tree.nodes.filter((node) => node.name !== name);
      },
    }));
    expect(faults).toEqual([[path, 'it is not there']]);
  });

  it('whose disk says another length is not what was backed up', async () => {
    const faults = await faultsOf(kept.mail, async () => ({
      [`${VM}/${DISK}`]: (tree) => {
        nodeIn(tree, `${DISK}.raw`).size = 512;
      },
    }));
    expect(faults).toEqual([
      [`${VM}/${DISK}/${DISK}.raw`, expect.stringMatching(/^it has 512 bytes, and \d+ were backed up$/)],
    ]);
  });
});

describe('the snapshot of a container', () => {
  const all = { reading: { kind: 'read-data' } } as const;

  it('that is stored again unchanged is whole', async () => {
    expect(await faultsOf(kept.container, async () => ({ [CT]: () => undefined }), all)).toEqual([]);
  });

  it('whose archive has another digest than its record says is found when it is read', async () => {
    const make = (help: TamperHelp) =>
      withRecord(help, kept.container, {
        folder: CT,
        change: (json) => ({ ...json, archive: { ...Object(json['archive']), sha256: '0'.repeat(64) } }),
      });
    expect(await faultsOf(kept.container, make)).toEqual([]);
    expect(await faultsOf(kept.container, make, all)).toEqual([
      [TAR, 'its SHA-256 is not that of the stream that was backed up'],
    ]);
  });

  it('whose archive is no tar, as its record says, is found when it is read', async () => {
    const make = async (help: TamperHelp) => {
      const id = await help.blob(Buffer.from('no tar'));
      const record = await withRecord(help, kept.container, {
        folder: CT,
        change: (json) => ({
          ...json,
          archive: { name: 'vzdump-lxc-205.tar', size: 6, listDigest: help.digest([id]) },
        }),
      });
      return {
        ...record,
        [`${CT}/archive`]: (tree: StoredTree) =>
          Object.assign(nodeIn(tree, 'vzdump-lxc-205.tar'), { size: 6, content: [id] }),
      };
    };
    expect(await faultsOf(kept.container, make, all)).toEqual([[TAR, expect.stringContaining('at byte')]]);
  });

  it.each([
    ['lacks a file', `${CT}/rootfs/etc`, (tree: StoredTree) => tree.nodes.splice(0, 1)],
    [
      'has a folder under another name',
      `${CT}/rootfs`,
      (tree: StoredTree) => Object.assign(nodeIn(tree, 'etc'), { name: 'etd' }),
    ],
  ])(
    'whose files differ from the archive, as one folder %s, is found when both are read',
    async (_, path, edit) => {
      const faults = await faultsOf(kept.container, async () => ({ [path]: (tree) => void edit(tree) }), all);
      expect(faults).toEqual([[path, 'what is in this folder is not what the archive holds']]);
    },
  );

  it.each([
    ['another one', 'unprivileged: 0\n'],
    ['none', undefined],
  ])('with %s beside the archive than that in it is not whole', async (_, text) => {
    const faults = await faultsOf(kept.container, async (help) => {
      const id = await help.blob(Buffer.from(text ?? ''));
      return {
        [CT]: (tree) => {
          if (text === undefined) tree.nodes = tree.nodes.filter(({ name }) => name !== 'pct.conf');
          else nodeIn(tree, 'pct.conf').content = [id];
        },
      };
    });
    expect(faults).toEqual([[TAR, 'its pct.conf is not the one that stands beside it']]);
  });

  it('without the files that its record counts is not whole', async () => {
    const faults = await faultsOf(kept.container, async () => ({
      [CT]: (tree) => {
        tree.nodes = tree.nodes.filter(({ name }) => name !== 'rootfs');
      },
    }));
    expect(faults).toEqual([[`${CT}/rootfs`, 'it is not there']]);
  });
});
