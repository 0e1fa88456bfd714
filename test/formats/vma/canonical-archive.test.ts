import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CanonicalArchive,
  type CanonicalPart,
  type ChunkedDevice,
  canonicalArchive,
  canonicalArchiveLength,
} from '../../../src/formats/vma/canonical-archive.ts';
import { decodeVmaHeader } from '../../../src/formats/vma/decode-vma-header.ts';
import { encodeVmaHeader } from '../../../src/formats/vma/encode-vma-header.ts';
import { decodeVmaExtentHeader } from '../../../src/formats/vma/extent-header-codec.ts';
import type { VmaHeader } from '../../../src/formats/vma/vma-header.ts';
import { inPieces } from '../in-pieces.ts';
import { assembleVma } from './assemble-vma.ts';
import { sameDisks } from './same-disks.ts';
import { goldenArchives, vmaFixture } from './vma-fixture.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const UUID = new Uint8Array(16).fill(9);
const CONFIGS = [{ name: 'qemu-server.conf', content: new TextEncoder().encode('memory: 512\n') }];

const HEADER = { uuid: UUID, ctime: 1, configs: CONFIGS };

/** Devices and what is on them; chunks are zero when all their bytes are. */
interface Machine {
  readonly devices: readonly ChunkedDevice[];
  readonly disks: ReadonlyMap<number, Uint8Array>;
}

describe.each([256 * KIB, MIB, 3 * MIB])('the canonical archive of chunks of %i bytes', (chunkSize) => {
  it('marks all blocks of a chunk that is not zero, and none of one that is', () => {
    const efi = new Uint8Array(528 * KIB);
    efi[300 * KIB] = 1;
    const odd = new Uint8Array(209408);
    odd[209407] = 1;
    const machine = machineOf({ chunkSize, disks: [efi, odd] });
    const parts = [...canonicalArchive(archiveOf(machine))];
    const header = encodeVmaHeader({ uuid: UUID, ctime: 1, configs: CONFIGS, devices: machine.devices });
    const [first, , second] = parts;
    const firstBytes = first?.kind === 'headers' ? first.bytes : new Uint8Array(0);
    expect(firstBytes.subarray(0, header.length)).toEqual(header);
    const table = decodeVmaExtentHeader(firstBytes.subarray(header.length), { uuid: UUID });
    expect([...table.clusters.subarray(0, table.count)]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    const firstChunk = chunkSize === 256 * KIB ? 0 : 0xffff;
    expect([...table.masks.subarray(0, table.count)]).toEqual([
      ...new Array<number>(4).fill(firstChunk),
      ...new Array<number>(4).fill(0xffff),
      firstChunk === 0 ? 0 : 0x000f,
    ]);
    const secondTable = decodeVmaExtentHeader(second?.kind === 'headers' ? second.bytes : new Uint8Array(0), {
      uuid: UUID,
    });
    expect([...secondTable.masks.subarray(0, secondTable.count)]).toEqual([0xffff, 0xffff, 0xffff, 0x000f]);
    expect(secondTable.blockCount).toBe(52);
    expect(parts.map(shortly)).toEqual([
      `headers ${header.length + 512}`,
      chunkSize === 256 * KIB ? 'chunk 1.1' : 'chunk 1.0',
      'headers 512',
      'chunk 2.0',
      'padding 3584',
    ]);
  });

  it('reads back as the same disks and configs, for every archive that QEMU wrote', async () => {
    for (const { file, extract } of await goldenArchives()) {
      if (extract !== 0) continue;
      const { header, disks } = await assembleVma(inPieces(await vmaFixture(file)));
      const devices = header.devices.map((device) => ({ ...device, chunkSize }));
      const archive = archiveOf({ devices, disks }, header);
      const bytes = joined({ devices, disks }, archive);
      const again = await assembleVma(inPieces(bytes));
      expect(again.header, file).toEqual(header);
      expect(sameDisks(again.disks, disks), file).toBe(true);
      expect(canonicalArchiveLength(archive), file).toBe(bytes.length);
    }
  });
});

describe('the canonical archive', () => {
  it('of a machine without disks is the header and one empty extent', async () => {
    const bytes = joined({ devices: [], disks: new Map() });
    const { header, extents } = await assembleVma(inPieces(bytes));
    expect(header.configs).toEqual(CONFIGS);
    expect(extents).toEqual([0]);
    expect(canonicalArchiveLength(archiveOf({ devices: [], disks: new Map() }))).toBe(bytes.length);
  });

  it('has its devices by id, in whatever order they are given', () => {
    const machine = machineOf({
      chunkSize: MIB,
      disks: [new Uint8Array(MIB).fill(1), new Uint8Array(MIB).fill(2)],
    });
    const reversed = { ...machine, devices: machine.devices.toReversed() };
    expect(joined(reversed)).toEqual(joined(machine));
  });

  it('joins the headers of empty space into blobs of 1 MiB', () => {
    const size = 16 * 1024 ** 3;
    const archive: CanonicalArchive = {
      header: {
        uuid: UUID,
        ctime: 1,
        configs: CONFIGS,
        devices: [{ id: 1, name: 'disk', size, chunkSize: 256 * KIB }],
      },
      isZero: () => true,
    };
    const lengths = [...canonicalArchive(archive)].map((part) =>
      part.kind === 'headers' ? part.bytes.length : 0,
    );
    expect(lengths).toEqual([MIB, MIB, 12800 + Math.ceil(size / (3 * MIB)) * 512 - 2 * MIB]);
    expect(canonicalArchiveLength(archive)).toBe(lengths.reduce((sum, length) => sum + length));
  });

  it('splits a header above 1 MiB', () => {
    const configs = Array.from({ length: 20 }, (_, index) => ({
      name: `config-${index}`,
      content: new Uint8Array(65535),
    }));
    const archive = { header: { uuid: UUID, ctime: 1, configs, devices: [] }, isZero: () => true };
    const [first, second] = [...canonicalArchive(archive)];
    expect(first?.kind === 'headers' && first.bytes.length).toBe(MIB);
    const bytes = Buffer.concat(
      [first, second].map((part) => (part?.kind === 'headers' ? part.bytes : new Uint8Array(0))),
    );
    expect(decodeVmaHeader(bytes).configs).toEqual(configs);
  });

  it('without disks keeps its extent when that just fills a blob', () => {
    const full = Array.from({ length: 15 }, (_, index) => ({
      name: `c${index}`,
      content: new Uint8Array(65535),
    }));
    const header = (content: Uint8Array) => ({
      ...{ uuid: UUID, ctime: 1, devices: [] },
      configs: [...full, { name: 'last', content }],
    });
    const content = new Uint8Array(MIB - 512 - encodeVmaHeader(header(new Uint8Array(0))).length);
    const parts = [...canonicalArchive({ header: header(content), isZero: () => true })];
    expect(parts.map(shortly)).toEqual([`headers ${MIB}`]);
  });

  it.each([65535, 2 * MIB, 96 * KIB, 6 * MIB, 0, Number.NaN])(
    'cannot be made of chunks of %d bytes',
    (chunkSize) => {
      expect(() => joined(machineOf({ chunkSize, disks: [new Uint8Array(MIB)] }))).toThrow(RangeError);
    },
  );

  it('reads back for any small disks', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(diskArbitrary(), { maxLength: 4 }),
        chunkSizeArbitrary(),
        async (disks, chunkSize) => {
          const machine = machineOf({ chunkSize, disks });
          const bytes = joined(machine);
          const again = await assembleVma(inPieces(bytes, 100_003));
          expect(sameDisks(again.disks, machine.disks)).toBe(true);
          expect(again.extents.every((count) => count <= 48)).toBe(true);
          expect(canonicalArchiveLength(archiveOf(machine))).toBe(bytes.length);
        },
      ),
      { numRuns: 40 },
    );
  });
});

function chunkSizeArbitrary(): fc.Arbitrary<number> {
  return fc.constantFrom(64 * KIB, 256 * KIB, MIB, 3 * MIB);
}

/** A disk of up to 7 MiB with a few bytes on it. */
function diskArbitrary(): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(
      fc.integer({ min: 1, max: 14000 }),
      fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { maxLength: 4 }),
    )
    .map(([sectors, places]) => {
      const disk = new Uint8Array(512 * sectors);
      for (const place of places) disk[Math.floor(place * disk.length)] = 1;
      return disk;
    });
}

function machineOf({
  chunkSize,
  disks,
}: {
  readonly chunkSize: number;
  readonly disks: readonly Uint8Array[];
}): Machine {
  return {
    devices: disks.map((disk, index) => ({
      id: index + 1,
      name: `drive-scsi${index}`,
      size: disk.length,
      chunkSize,
    })),
    disks: new Map(disks.map((disk, index) => [index + 1, disk])),
  };
}

function archiveOf(
  { devices, disks }: Machine,
  header: Omit<VmaHeader, 'devices'> = HEADER,
): CanonicalArchive {
  const sizes = new Map(devices.map(({ id, chunkSize }) => [id, chunkSize]));
  return {
    header: { ...header, devices },
    isZero: (id, chunk) => {
      const size = sizes.get(id) ?? 0;
      const bytes = Buffer.from(
        (disks.get(id) ?? new Uint8Array(0)).subarray(chunk * size, (chunk + 1) * size),
      );
      return bytes.length > 0 && bytes.equals(Buffer.alloc(bytes.length));
    },
  };
}

/** The archive's bytes, its chunks taken from the disks. */
function joined(machine: Machine, archive = archiveOf(machine)): Uint8Array {
  const chunkSizes = new Map(machine.devices.map(({ id, chunkSize }) => [id, chunkSize]));
  const pieces = [...canonicalArchive(archive)].map((part) => {
    if (part.kind === 'padding') return new Uint8Array(part.length);
    if (part.kind === 'headers') return part.bytes;
    const size = chunkSizes.get(part.deviceId) ?? 0;
    return (machine.disks.get(part.deviceId) ?? new Uint8Array(0)).subarray(
      part.chunk * size,
      (part.chunk + 1) * size,
    );
  });
  return new Uint8Array(Buffer.concat(pieces));
}

function shortly(part: CanonicalPart): string {
  switch (part.kind) {
    case 'headers':
      return `headers ${part.bytes.length}`;
    case 'chunk':
      return `chunk ${part.deviceId}.${part.chunk}`;
    case 'padding':
      return `padding ${part.length}`;
  }
}
