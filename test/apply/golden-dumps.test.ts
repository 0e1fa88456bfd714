import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readVma } from '../../src/formats/vma/read-vma.ts';
import { parseGuestRef } from '../../src/pve/guest.ts';
import { readSnapshot } from '../../src/repository/read-snapshots.ts';
import { withSession } from '../../src/repository/repository.ts';
import { openSnapshot } from '../../src/snapshot/open-snapshot.ts';
import { findNode, readContent } from '../../src/snapshot/snapshot-files.ts';
import { UserError } from '../../src/user-error.ts';
import { DumpedFiles } from './dumped-file.ts';

interface IndexEntry {
  readonly file: string;
  readonly extract: number;
  readonly configs: readonly { readonly name: string; readonly sha256: string }[];
  readonly drives: readonly { readonly name: string; readonly size: number; readonly sha256: string }[];
}

const VMA = join(import.meta.dirname, '../fixtures/vma');
const TAR = join(import.meta.dirname, '../fixtures/tar');
const index: readonly IndexEntry[] = JSON.parse(readFileSync(join(VMA, 'index.json'), 'utf8'));
const broken: readonly { readonly file: string; readonly extract: { readonly status: number } }[] =
  JSON.parse(readFileSync(join(VMA, 'broken/index.json'), 'utf8'));

/** What the real reader takes is taken, but for an entry beyond the end, which it lets pass by accident of rounding. */
const legal = new Set(
  broken
    .filter(({ file, extract }) => extract.status === 0 && file !== 'extra-zero-entry-beyond-end.vma')
    .map(({ file }) => file),
);

let dumped: DumpedFiles;
beforeAll(async () => {
  dumped = await DumpedFiles.start();
});
afterAll(() => dumped[Symbol.asyncDispose]());

describe('archives that QEMU wrote', () => {
  it.each(index.filter(({ extract }) => extract === 0))(
    '$file: restic and pvebak give each disk and configuration back as it was',
    async ({ file, configs, drives }) => {
      const report = await dumped.backUp({ type: 'qemu', vmid: 101 }, send(join(VMA, file)));
      const restored = await dumped.resticRestore(report.snapshot);
      const read = (path: string) => readFileSync(join(restored, 'qemu/101', path));
      for (const { name, sha256 } of configs) expect(digest(read(name))).toBe(sha256);
      for (const drive of drives) {
        const bytes = read(`${drive.name}/${drive.name}.raw`);
        expect(digest(drive.name === 'vmstate' ? withoutZeroBlocks(bytes) : bytes)).toBe(drive.sha256);
        if (drive.name !== 'vmstate')
          expect(await digestByPvebak(report.snapshot, drive.name)).toBe(drive.sha256);
      }
      const names = drives.map(({ name, size }) => ({ name, size }));
      expect(await drivesOf([read('archive/vzdump-qemu-101.vma')])).toEqual(names);
      expect(await drivesOf(await sparseArchive(report.snapshot))).toEqual(names);
    },
  );

  it('a cancelled backup, which `vma verify` takes for whole, is refused', async () => {
    await expectRefused(join(VMA, 'cancelled.vma.gz'), /cluster 41/);
  });

  it('the repository is whole for restic', async () => {
    expect((await dumped.restic('check', '--read-data')).toString()).toContain('no errors were found');
  });
});

describe('damaged archives', () => {
  it.each(broken.filter(({ file }) => !legal.has(file)))(
    '$file is refused with the offset, and leaves no snapshot',
    async ({ file }) => {
      await expectRefused(
        join(VMA, 'broken', file),
        file === 'empty.vma' ? /sent nothing/ : /at byte \d+ of the stream/,
      );
    },
  );

  it.each([...legal])('%s is an archive that the real reader takes, and is taken', async (file) => {
    const report = await dumped.backUp({ type: 'qemu', vmid: 103 }, send(join(VMA, 'broken', file)));
    expect(report.snapshot).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe("containers' archives", () => {
  it.each(['ct-205-mountpoints.tar.gz'])('%s comes back byte for byte', async (file) => {
    const report = await dumped.backUp({ type: 'lxc', vmid: 205 }, send(join(TAR, file)));
    const original = digest(gunzipSync(readFileSync(join(TAR, file))));
    expect(digest(await dumped.restic('dump', report.snapshot, '/lxc/205/archive/vzdump-lxc-205.tar'))).toBe(
      original,
    );
    expect((await dumped.restic('dump', report.snapshot, '/lxc/205/pct.conf')).toString()).toContain(
      'hostname: ct-mps',
    );
  });

  it('one that is cut short is refused', async () => {
    const before = await dumped.snapshotCount();
    const cut = dumped.backUp(
      { type: 'lxc', vmid: 205 },
      `${send(join(TAR, 'ct-205-mountpoints.tar.gz'))} | head -c 900000`,
    );
    await expect(cut).rejects.toThrow(/not whole/);
    expect(await dumped.snapshotCount()).toBe(before);
  });
});

describe('what counts as a backup', () => {
  const whole = send(join(VMA, 'tiny.vma'));
  it.each([
    [
      'status 255 with a whole stream',
      whole,
      { status: 255, log: 'ERROR: Backup of VM 101 failed - VM is locked (backup)' },
      /VM is locked \(backup\)/,
    ],
    [
      'status 0 with a whole stream, but no word that the job finished',
      whole,
      { log: 'INFO: Starting Backup of VM 101 (qemu)' },
      /does not say that the job finished/,
    ],
    ['status 0, nothing sent and nothing said', ':', { log: '' }, /not on this node/],
    ['no vzdump at all', 'exit 127', {}, /no vzdump/],
    ['a login banner before the archive', `echo Welcome; ${whole}`, {}, /at byte 0 of the stream/],
    [
      'bytes after the archive',
      `${whole}; echo bye`,
      {},
      /inside an extent header \(at byte 260100 of the stream\)/,
    ],
  ])('%s is a failure, and the repository shows nothing', async (_, command, options, message) => {
    const before = await dumped.snapshotCount();
    await expect(dumped.backUp({ type: 'qemu', vmid: 101 }, command, options)).rejects.toThrow(message);
    expect(await dumped.snapshotCount()).toBe(before);
  });

  it('all that fills several packs is counted as new, and once it is there as reused', async () => {
    const tar = join(dumped.folder, 'noise.tar');
    const make = `test -f '${tar}' || (cd '${dumped.folder}' && mkdir etc && head -c 50000000 /dev/urandom > etc/noise && tar cf '${tar}' etc); cat '${tar}'`;
    const first = await dumped.backUp({ type: 'lxc', vmid: 300 }, make);
    expect(first.newBytes).toBe(first.diskBytes);
    expect(first.storedBytes).toBeGreaterThan(50_000_000);
    const second = await dumped.backUp({ type: 'lxc', vmid: 300 }, make);
    expect(second).toMatchObject({ newBytes: 0, reusedBytes: first.diskBytes });
  });

  it('an unchanged guest adds less than 100 KiB, though the stream differs in nearly every byte', async () => {
    await dumped.backUp({ type: 'qemu', vmid: 108 }, send(join(VMA, 'two-drives.vma.gz')));
    const before = await dumped.size();
    const again = await dumped.backUp({ type: 'qemu', vmid: 108 }, send(join(VMA, 'two-drives.vma.gz')));
    expect((await dumped.size()) - before).toBeLessThan(100 * 1024);
    expect(again.newBytes).toBe(0);
  });
});

function send(path: string): string {
  return path.endsWith('.gz') ? `gzip -dc '${path}'` : `cat '${path}'`;
}

async function expectRefused(path: string, message: RegExp): Promise<void> {
  const before = await dumped.snapshotCount();
  const error = await dumped.backUp({ type: 'qemu', vmid: 102 }, send(path)).catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(UserError);
  expect(error).toMatchObject({ message: expect.stringMatching(message) });
  expect(await dumped.snapshotCount()).toBe(before);
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** `vma extract` leaves zero blocks of a RAM state out, without a gap; the index has the digest of what it wrote. */
function withoutZeroBlocks(bytes: Buffer): Buffer {
  const blocks = Array.from({ length: Math.ceil(bytes.length / 4096) }, (_, i) =>
    bytes.subarray(i * 4096, (i + 1) * 4096),
  );
  return Buffer.concat(blocks.filter((block) => block.some((byte) => byte !== 0)));
}

async function digestByPvebak(snapshot: string, drive: string): Promise<string> {
  return withSession(dumped.repository, { lock: 'shared' }, async ({ repository, reader }) => {
    const node = await findNode(
      reader,
      (await readSnapshot(repository, snapshot)).tree,
      `/qemu/101/${drive}/${drive}.raw`,
    );
    if (node === undefined) throw new Error(`no ${drive} in the snapshot`);
    const hash = createHash('sha256');
    for await (const { bytes } of readContent(reader, node)) hash.update(bytes);
    return hash.digest('hex');
  });
}

async function sparseArchive(snapshot: string): Promise<readonly Uint8Array[]> {
  const guest = parseGuestRef('qemu/101');
  if (guest === undefined) throw new Error('no guest');
  return withSession(dumped.repository, { lock: 'shared' }, async (session) => {
    const opened = await openSnapshot(session, snapshot, guest);
    return Array.fromAsync(opened.archive(() => undefined));
  });
}

async function drivesOf(pieces: readonly Uint8Array[]): Promise<readonly { name: string; size: number }[]> {
  const source = (async function* () {
    yield* pieces;
  })();
  let drives: readonly { name: string; size: number }[] = [];
  for await (const event of readVma(source))
    if (event.kind === 'header') drives = event.header.devices.map(({ name, size }) => ({ name, size }));
  return drives;
}
