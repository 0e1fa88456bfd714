import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  encodeGuestRecord,
  type GuestRecord,
  parseRecordedContents,
} from '../../src/snapshot/guest-record.ts';
import { node } from '../plan/sample-site.ts';
import { DumpedFiles } from './dumped-file.ts';

const schema = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../schemas/pvebak.schema.json'), 'utf8'),
);
const validate = new Ajv({ allErrors: true, strict: true }).compile(schema);

function errorsOf(record: unknown): readonly string[] {
  return validate(record)
    ? []
    : (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message}`);
}

const FULL: GuestRecord = {
  version: 1,
  guest: {
    type: 'qemu',
    vmid: 101,
    name: 'web',
    tags: ['gold'],
    pool: 'prod',
    template: false,
    ha: { state: 'started', group: 'first' },
    replication: [{ id: '101-0', target: node('pve2'), schedule: '*/30', enabled: true }],
  },
  host: 'pve',
  node: 'pve1',
  pve: { release: '8.4', version: '8.4.21' },
  line: {
    id: '00112233445566ff',
    cluster: 'ab'.repeat(32),
    machine: { kind: 'smbios-uuid', uuid: '0e3e48c7-c22d-4833-9e61-57e3302c02a0' },
  },
  dump: {
    mode: 'snapshot',
    compression: 'zstd',
    command: ['vzdump', '101', '--stdout'],
    started: '2026-11-22T18:00:00.123+01:00',
    ended: '2026-11-22T17:01:00Z',
    exitStatus: 0,
    warnings: ['a line'],
  },
  disks: [
    {
      device: 'drive-scsi0',
      deviceId: 1,
      size: 8 * 2 ** 40,
      zeroBytes: 0,
      newBytes: 1,
      reusedBytes: 2,
      chunkSize: 3 << 20,
      listDigest: 'cd'.repeat(32),
    },
  ],
  archive: { name: 'vzdump-qemu-101.vma', size: 9, newBytes: 1, reusedBytes: 2, listDigest: 'ef'.repeat(32) },
  leftOut: [
    { key: 'scsi1', reason: 'backup=0' },
    { key: 'unused0', reason: 'not attached' },
  ],
  assembly: { spilledPieces: 0, smallerBlobs: 0 },
};

describe('pvebak.json of a backup', () => {
  let dumped: DumpedFiles;
  beforeAll(async () => {
    dumped = await DumpedFiles.start();
  });
  afterAll(() => dumped[Symbol.asyncDispose]());

  it.each([
    ['qemu', 101, 'cat', 'vma/tiny.vma'],
    ['qemu', 103, 'cat', 'vma/vm-103-diskless.vma'],
    ['lxc', 205, 'gzip -dc', 'tar/ct-205-mountpoints.tar.gz'],
  ] as const)('of %s/%d fits the schema', async (type, vmid, read, file) => {
    const path = join(import.meta.dirname, '../fixtures', file);
    const { snapshot } = await dumped.backUp({ type, vmid }, `${read} '${path}'`);
    const text = (await dumped.restic('dump', snapshot, `/${type}/${vmid}/pvebak.json`)).toString('utf8');
    const record = JSON.parse(text);
    expect(errorsOf(record)).toEqual([]);
    expect(record.guest).toMatchObject({ type, vmid });
    expect(record.dump.command).toContain('--notification-mode');
    expect(record.archive.sha256 === undefined).toBe(type === 'qemu');
  });

  it('fits the schema with everything that it may say', () => {
    expect(errorsOf(JSON.parse(Buffer.from(encodeGuestRecord(FULL)).toString()))).toEqual([]);
  });

  it('is indented JSON that ends with a newline', () => {
    expect(Buffer.from(encodeGuestRecord(FULL)).toString()).toBe(`${JSON.stringify(FULL, undefined, 2)}\n`);
  });
});

describe('the schema of pvebak.json', () => {
  const { disks, ...withoutDisks } = FULL;
  const disk = (change: object) => ({ ...FULL, disks: disks.map((one) => ({ ...one, ...change })) });
  it.each([
    ['another version', { ...FULL, version: 2 }, '/version must be equal to constant'],
    ['no disks', withoutDisks, "must have required property 'disks'"],
    ['a field that nobody knows', { ...FULL, note: '' }, 'must NOT have additional properties'],
    ['a vmid below 100', { ...FULL, guest: { ...FULL.guest, vmid: 99 } }, '/guest/vmid must be >= 100'],
    [
      'another type',
      { ...FULL, guest: { ...FULL.guest, type: 'openvz' } },
      '/guest/type must be equal to one of',
    ],
    [
      'a replication job without a target',
      { ...FULL, guest: { ...FULL.guest, replication: [{ id: '101-0', enabled: true }] } },
      "/guest/replication/0 must have required property 'target'",
    ],
    [
      'a line of 15 digits',
      { ...FULL, line: { ...FULL.line, id: '0'.repeat(15) } },
      '/line/id must match pattern',
    ],
    [
      'a machine without its uuid',
      { ...FULL, line: { ...FULL.line, machine: { kind: 'smbios-uuid' } } },
      '/line/machine must match exactly one',
    ],
    [
      'a failed dump',
      { ...FULL, dump: { ...FULL.dump, exitStatus: 1 } },
      '/dump/exitStatus must be equal to constant',
    ],
    [
      'a time without a zone',
      { ...FULL, dump: { ...FULL.dump, ended: '2026-11-22T17:01:00' } },
      '/dump/ended must match pattern',
    ],
    [
      'a chunk size that divides no extent',
      disk({ chunkSize: 2 << 20 }),
      '/disks/0/chunkSize must be equal to one of',
    ],
    ['a negative size', disk({ size: -1 }), '/disks/0/size must be >= 0'],
    ['a digest in capitals', disk({ listDigest: 'AB'.repeat(32) }), '/disks/0/listDigest must match pattern'],
    [
      'an archive with a date in its name',
      { ...FULL, archive: { ...FULL.archive, name: 'vzdump-qemu-101-2026_11_22.vma' } },
      '/archive/name must match pattern',
    ],
  ])('refuses %s', (_, record, message) => {
    expect(errorsOf(record).join('\n')).toContain(message);
  });
});

describe('reading a recorded pvebak.json', () => {
  const read = (record: object) => parseRecordedContents(Buffer.from(JSON.stringify(record)));

  it('gives chunk sizes and digests back', () => {
    expect(read(FULL)).toEqual({
      chunkSizes: new Map([['drive-scsi0', 3 << 20]]),
      diskDigests: new Map([['drive-scsi0', 'cd'.repeat(32)]]),
      archiveDigest: 'ef'.repeat(32),
      archiveSha256: undefined,
    });
  });

  const nothing = {
    chunkSizes: new Map(),
    diskDigests: new Map(),
    archiveDigest: undefined,
    archiveSha256: undefined,
  };
  it.each([
    ['no JSON', '{'],
    ['null', 'null'],
    ['disks that are none', '{"disks":{},"archive":[]}'],
    ['a disk that is null', '{"disks":[null]}'],
    ['a chunk size that no extent takes', '{"disks":[{"device":"a","chunkSize":2097152}]}'],
    ['a chunk size of half a cluster', '{"disks":[{"device":"a","chunkSize":32768}]}'],
    ['a digest that is none', '{"disks":[{"device":"a","listDigest":"00"}],"archive":{"listDigest":1}}'],
  ])('believes nothing of %s', (_, text) => {
    expect(parseRecordedContents(Buffer.from(text))).toEqual(nothing);
  });

  it('takes every chunk size that the schema allows, and no other', () => {
    const allowed = new Set<number>(schema.properties.disks.items.properties.chunkSize.enum);
    for (let chunkSize = 32768; chunkSize <= 6 << 20; chunkSize += 32768) {
      const { chunkSizes } = read({ disks: [{ device: 'a', chunkSize }] });
      expect(chunkSizes.has('a'), `${chunkSize}`).toBe(allowed.has(chunkSize));
    }
  });
});
