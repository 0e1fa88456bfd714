import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BackupReport } from '../../src/apply/apply-event.ts';
import { readSnapshot } from '../../src/repository/read-snapshots.ts';
import { withSession } from '../../src/repository/repository.ts';
import { archiveName, stagedArchiveName } from '../../src/snapshot/archive-name.ts';
import { findNode } from '../../src/snapshot/snapshot-files.ts';
import { DumpedFiles } from './dumped-file.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures');
const sha256 = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest();

/** What `src/repository/FORMAT.md` promises of a guest's snapshot, read with restic alone where restic can. */
describe('the snapshot of a VM', () => {
  let dumped: DumpedFiles;
  let report: BackupReport;
  let snapshot: string;
  beforeAll(async () => {
    dumped = await DumpedFiles.start();
    report = await dumped.backUp({ type: 'qemu', vmid: 101 }, `cat '${FIXTURES}/vma/tiny.vma'`);
    snapshot = report.snapshot;
  });
  afterAll(() => dumped[Symbol.asyncDispose]());

  it('has the path, the host and the tags of its guest', async () => {
    const [facts] = JSON.parse((await dumped.restic('snapshots', '--json')).toString());
    const line = sha256(`pvebak line 1\n${'0'.repeat(64)}\nqemu\n101\nnone\n`)
      .toString('hex')
      .slice(0, 16);
    expect(facts).toMatchObject({
      hostname: 'pve',
      username: 'pvebak',
      paths: ['/qemu/101'],
      tags: ['pvebak', `guest=${line}`, 'policy=all', 'run=test-run'],
    });
    expect(facts.time).toMatch(/\+01:00$/);
  });

  it('says what it took, beginning with its time', async () => {
    const { time, summary } = await readSnapshot(dumped.repository, snapshot);
    expect(summary).toMatchObject({
      backupStart: time,
      totalBytesProcessed: report.diskBytes,
      dataAdded: report.newBytes,
      dataAddedPacked: report.storedBytes,
    });
    expect(report.diskBytes).toBeGreaterThan(0);
  });

  it('has these files; those that depend on content alone carry no time, so that they stay the same tree', async () => {
    const [facts, ...nodes] = (await dumped.restic('ls', '--json', snapshot))
      .toString()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const none = '1970-01-01T00:00:00Z';
    const table = nodes.map(({ path, type, mode, mtime, uid, gid }) => [
      path,
      type,
      (mode & 0o777).toString(8),
      mtime === none ? 'none' : mtime === facts.time ? 'start' : mtime,
      uid + gid,
    ]);
    expect(table).toEqual([
      ['/qemu', 'dir', '700', 'start', 0],
      ['/qemu/101', 'dir', '700', 'start', 0],
      ['/qemu/101/archive', 'dir', '700', 'none', 0],
      ['/qemu/101/archive/vzdump-qemu-101.vma', 'file', '600', 'none', 0],
      ['/qemu/101/drive-scsi0', 'dir', '700', 'none', 0],
      ['/qemu/101/drive-scsi0/drive-scsi0.raw', 'file', '600', 'none', 0],
      ['/qemu/101/pvebak.json', 'file', '600', 'start', 0],
      ['/qemu/101/qemu-server.conf', 'file', '600', 'start', 0],
      ['/qemu/101/vzdump.log', 'file', '600', 'start', 0],
    ]);
  });

  it('has in its archive a uuid from the line, and the creation time that its configuration states', async () => {
    const line = sha256(`pvebak line 1\n${'0'.repeat(64)}\nqemu\n101\nnone\n`)
      .toString('hex')
      .slice(0, 16);
    const archive = await dumped.restic('dump', snapshot, '/qemu/101/archive/vzdump-qemu-101.vma');
    const config = (await dumped.restic('dump', snapshot, '/qemu/101/qemu-server.conf')).toString();
    expect(archive.subarray(0, 8).toString('latin1')).toBe('VMA\0\0\0\0\x01');
    expect(archive.subarray(8, 24)).toEqual(sha256(`pvebak vma uuid\n${line}\n`).subarray(0, 16));
    expect(archive.readBigUInt64BE(24)).toBe(BigInt(/^meta:.*\bctime=(\d+)/m.exec(config)?.[1] ?? '0'));
  });

  it('has digests over id (32 bytes) and length (8 bytes, big-endian) of each blob of a list', async () => {
    const record = JSON.parse((await dumped.restic('dump', snapshot, '/qemu/101/pvebak.json')).toString());
    const [disk] = record.disks;
    const path = `/qemu/101/${disk.device}/${disk.device}.raw`;
    expect(await listDigest(path)).toBe(disk.listDigest);
    expect(await listDigest(`/qemu/101/archive/${record.archive.name}`)).toBe(record.archive.listDigest);
  });

  async function listDigest(path: string): Promise<string> {
    return withSession(dumped.repository, { lock: 'shared' }, async ({ repository, reader }) => {
      const { tree } = await readSnapshot(repository, snapshot);
      const parts: Uint8Array[] = [];
      for (const id of (await findNode(reader, tree, path))?.content ?? []) {
        const length = Buffer.alloc(8);
        length.writeBigUInt64BE(BigInt(reader.lengthOf('data', id) ?? 0));
        parts.push(id.slice(), length);
      }
      return sha256(Buffer.concat(parts)).toString('hex');
    });
  }
});

describe('the name of an archive', () => {
  it.each([
    ['qemu', 101, 'vzdump-qemu-101.vma', 'vzdump-qemu-101-pvebak-0123abcd.vma'],
    ['lxc', 105, 'vzdump-lxc-105.tar', 'vzdump-lxc-105-pvebak-0123abcd.tar'],
  ] as const)('of %s/%d is %s in a snapshot, and %s in a dump folder', (type, vmid, stored, staged) => {
    expect(archiveName(type, vmid)).toBe(stored);
    expect(stagedArchiveName(type, vmid, `0123abcd${'0'.repeat(56)}`)).toBe(staged);
  });
});
