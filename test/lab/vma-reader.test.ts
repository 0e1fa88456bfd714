import { describe, expect, it } from 'vitest';
import { randomBytesOf } from './disk-image.ts';
import { ByteSource } from './stand-ins/byte-source.ts';
import { CLUSTER } from './stand-ins/vma-layout.ts';
import { type ArchiveDevice, readVmaExtents, readVmaHeader } from './stand-ins/vma-reader.ts';
import { randomUuid, type VmaDevice, writeVma } from './stand-ins/vma-writer.ts';

const disks = new Map([
  ['drive-scsi0', Buffer.concat([randomBytesOf(10 * CLUSTER, 'a'), Buffer.alloc(150 * CLUSTER)])],
  ['drive-virtio1', Buffer.concat([Buffer.alloc(CLUSTER), randomBytesOf(5632, 'b')])],
]);

describe('an archive that the lab writes', () => {
  it('is read back to the same disks', async () => {
    const restored = await extract(await write());
    for (const [name, disk] of disks) expect(restored.get(name)?.equals(disk)).toBe(true);
  });

  it('holds at most 58 clusters in an extent, out of order', async () => {
    const archive = await write();
    const first = archive.indexOf('VMAE');
    const entries = Array.from({ length: 59 }, (_, index) =>
      archive.readUInt32BE(first + 40 + 8 * index + 4),
    );
    expect(archive.readBigUInt64BE(first + 40 + 8 * 58)).toBe(0n);
    expect(entries).not.toEqual(entries.toSorted((a, b) => a - b));
  });

  it('is one empty extent behind the header for a VM without disks', async () => {
    const archive = await write(new Map());
    expect(archive.length).toBe(archive.indexOf('VMAE') + 512);
  });
});

describe('the reader refuses with the words of the real one', () => {
  it.each<[string, (archive: Buffer) => Buffer, RegExp]>([
    ['nothing at all', () => Buffer.alloc(0), /^can't read vma header - got EOF$/],
    ['a bit of the header turned', (archive) => turned(archive, 100), /^wrong vma header chechsum$/],
    [
      'a bit of an extent header turned',
      (archive) => turned(archive, archive.indexOf('VMAE') + 60),
      /wrong vma extent header chechsum$/,
    ],
    ['a cut inside an extent', (archive) => archive.subarray(0, archive.length - 3), /short (?:vma )?extent/],
    [
      'a cut between two extents',
      (archive) => archive.subarray(0, archive.lastIndexOf('VMAE')),
      /detected missing cluster \d+ for stream/,
    ],
    [
      'an extent that comes twice',
      (archive) => Buffer.concat([archive, archive.subarray(archive.lastIndexOf('VMAE'))]),
      /found duplicated cluster/,
    ],
    [
      'text behind the end',
      (archive) => Buffer.concat([archive, Buffer.from('some trailing text.')]),
      /read short extent \(19 bytes\)$/,
    ],
    [
      'text before the header',
      (archive) => Buffer.concat([Buffer.from('Welcome\n'), archive]),
      /^not a vma file - wrong magic number$/,
    ],
  ])('%s', async (_, damage, words) => {
    await expect(extract(damage(await write()))).rejects.toThrow(words);
  });
});

async function write(contents: ReadonlyMap<string, Buffer> = disks): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  const devices = [...contents].map(([name, disk]): VmaDevice => {
    const read = (cluster: number, into: Uint8Array) =>
      into.set(disk.subarray(cluster * CLUSTER, cluster * CLUSTER + into.length));
    return { name, size: disk.length, read };
  });
  const configs = new Map([['qemu-server.conf', Buffer.from('memory: 128\n')]]);
  await writeVma(
    { configs, devices, created: 1_795_000_000, uuid: randomUuid() },
    {
      write: async (bytes) => void parts.push(bytes),
      onCluster: () => {},
      eager: false,
      loseLastExtent: false,
    },
  );
  return Buffer.concat(parts);
}

async function extract(archive: Buffer): Promise<ReadonlyMap<string, Buffer>> {
  const source = new ByteSource(inPieces(archive));
  const header = await readVmaHeader(source);
  const restored = new Map(header.devices.map(({ name, size }) => [name, Buffer.alloc(size)]));
  const data = ({ name }: ArchiveDevice, offset: number, bytes: Uint8Array) =>
    void restored.get(name)?.set(bytes, offset);
  await readVmaExtents(source, header, { data, progress: () => {} });
  return restored;
}

async function* inPieces(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 30_011) yield bytes.subarray(at, at + 30_011);
}

function turned(archive: Buffer, at: number): Buffer {
  const copy = Buffer.from(archive);
  copy.writeUInt8(copy.readUInt8(at) ^ 1, at);
  return copy;
}
