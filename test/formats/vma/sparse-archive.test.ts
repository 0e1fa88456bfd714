import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FormatError } from '../../../src/formats/format-error.ts';
import { readVma } from '../../../src/formats/vma/read-vma.ts';
import { encodeVma } from '../../../src/formats/vma/sparse-archive.ts';
import type { VmaHeader } from '../../../src/formats/vma/vma-header.ts';
import { concatenated } from '../concatenated.ts';
import { inPieces } from '../in-pieces.ts';
import { assembleVma } from './assemble-vma.ts';
import { sameDisks } from './same-disks.ts';
import { goldenArchives, vmaFixture } from './vma-fixture.ts';

const MIB = 1024 * 1024;
const whole = (await goldenArchives()).filter(({ extract }) => extract === 0);

describe('the archive for a restore', () => {
  it.each(whole)('of $file holds the same disks, in as few blocks as QEMU wrote', async ({ file }) => {
    const original = await vmaFixture(file);
    const { header, disks } = await assembleVma(inPieces(original));
    const bytes = await concatenated(encodeVma(header, reading(disks, 70_001)));
    const again = await assembleVma(inPieces(bytes));
    expect(again.header).toEqual(header);
    expect(sameDisks(again.disks, disks)).toBe(true);
    expect(await storedBlocks(bytes)).toBe(await storedBlocks(original));
  });

  it.each([1, 4099, 70_001, 8 * MIB])('does not depend on pieces of %i bytes', async (pieceBytes) => {
    const disk = new Uint8Array(209408).map((_, index) => (index % 50_000 === 0 ? 1 : 0));
    const disks = new Map([[1, disk]]);
    const bytes = await concatenated(encodeVma(headerOf([disk]), reading(disks, pieceBytes)));
    expect(bytes).toEqual(await concatenated(encodeVma(headerOf([disk]), reading(disks, 1000))));
  });

  it('comes in pieces: the header, then the headers of empty space together with the data after them', async () => {
    const disk = new Uint8Array(9 * MIB);
    disk[6 * MIB + 5000] = 1;
    const lengths: number[] = [];
    for await (const piece of encodeVma(headerOf([disk]), reading(new Map([[1, disk]]), MIB)))
      lengths.push(piece.length);
    expect(lengths).toEqual([12800, 3 * 512 + 4096]);
  });

  it('of a machine without disks is the header and one empty extent', async () => {
    const bytes = await concatenated(encodeVma(headerOf([]), reading(new Map(), 1)));
    expect((await assembleVma(inPieces(bytes))).extents).toEqual([0]);
  });

  it.each([
    ['shorter', -1, new FormatError('the stream ends inside device drive-scsi0', 4 * MIB - 1)],
    ['longer', 1, new FormatError(`device drive-scsi0 is longer than ${4 * MIB} bytes`, 4 * MIB)],
  ])('is refused when a device is %s than the header says', async (_, difference, error) => {
    const delivered = new Map([[1, new Uint8Array(4 * MIB + difference)]]);
    const stream = encodeVma(headerOf([new Uint8Array(4 * MIB)]), reading(delivered, 65536));
    await expect(concatenated(stream)).rejects.toEqual(error);
  });

  it('ends the device it reads when nobody wants more', async () => {
    const ended: string[] = [];
    async function* endless() {
      try {
        for (;;) yield new Uint8Array(MIB).fill(1);
      } finally {
        ended.push('ended');
      }
    }
    let pieces = 0;
    for await (const _ of encodeVma(headerOf([new Uint8Array(9 * MIB)]), endless)) if (++pieces === 2) break;
    expect(ended).toEqual(['ended']);
  });

  it('reads back for any small disks', async () => {
    const disk = fc
      .tuple(fc.integer({ min: 1, max: 10_000 }), fc.array(fc.nat(), { maxLength: 6 }))
      .map(([sectors, places]) => {
        const bytes = new Uint8Array(512 * sectors);
        for (const place of places) bytes[place % bytes.length] = 1;
        return bytes;
      });
    await fc.assert(
      fc.asyncProperty(
        fc.array(disk, { maxLength: 3 }),
        fc.integer({ min: 500, max: 4 * MIB }),
        async (images, pieceBytes) => {
          const disks = new Map(images.map((image, index) => [index + 1, image]));
          const bytes = await concatenated(encodeVma(headerOf(images), reading(disks, pieceBytes)));
          const again = await assembleVma(inPieces(bytes));
          expect(sameDisks(again.disks, disks)).toBe(true);
        },
      ),
      { numRuns: 30 },
    );
  });
});

function headerOf(disks: readonly Uint8Array[]): VmaHeader {
  return {
    uuid: new Uint8Array(16).fill(5),
    ctime: 1,
    configs: [],
    devices: disks.map((disk, index) => ({ id: index + 1, name: `drive-scsi${index}`, size: disk.length })),
  };
}

function reading(
  disks: ReadonlyMap<number, Uint8Array>,
  pieceBytes: number,
): (id: number) => AsyncIterable<Uint8Array> {
  return (id) => inPieces(disks.get(id) ?? new Uint8Array(0), pieceBytes);
}

async function storedBlocks(archive: Uint8Array): Promise<number> {
  let blocks = 0;
  for await (const event of readVma(inPieces(archive)))
    if (event.kind === 'extent') blocks += event.extent.blockCount;
  return blocks;
}
