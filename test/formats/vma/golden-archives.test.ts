import { describe, expect, it } from 'vitest';
import { readVma } from '../../../src/formats/vma/read-vma.ts';
import { formatErrorOf } from '../format-error-of.ts';
import { inPieces } from '../in-pieces.ts';
import { assembleVma } from './assemble-vma.ts';
import { sha256 } from './sha256.ts';
import { type GoldenArchive, goldenArchives, vmaFixture } from './vma-fixture.ts';

const archives = await goldenArchives();
const whole = archives.filter(({ extract }) => extract === 0);

describe('an archive that QEMU wrote', () => {
  it.each(whole)('$file has the header and disks that `vma extract` finds', async (golden) => {
    await expectGolden(golden, 65536);
  });

  it.each(whole)('$file reads the same in odd-sized pieces', async (golden) => {
    await expectGolden(golden, 4099);
  });

  it.each(whole.filter(({ file }) => !file.endsWith('.gz')))(
    '$file reads the same byte by byte',
    async (golden) => {
      await expectGolden(golden, 1);
    },
  );
});

it('takes a cancelled backup, which looks well-formed, for what it is', async () => {
  expect(await formatErrorOf(readVma(inPieces(await vmaFixture('cancelled.vma.gz'))))).toEqual({
    reason: 'the archive is not complete: cluster 41 of drive-scsi0 is missing (87 of its 128 are)',
    offset: 1636352,
  });
});

it.each(['vm-102-template.vma', 'vm-103-diskless.vma', 'vm-109-two-disks.vma'])(
  'reads %s, which vzdump wrote',
  async (file) => {
    const { header } = await assembleVma(inPieces(await vmaFixture(file)));
    expect(header.configs.map(({ name }) => name)).toContain('qemu-server.conf');
  },
);

async function expectGolden(golden: GoldenArchive, pieceBytes: number): Promise<void> {
  const { header, disks, extents } = await assembleVma(inPieces(await vmaFixture(golden.file), pieceBytes));
  expect(Buffer.from(header.uuid).toString('hex')).toBe(golden.uuid.replaceAll('-', ''));
  expect(header.ctime).toBe(golden.ctime);
  expect(extents.length).toBe(golden.extents);
  expect(
    header.configs.map(({ name, content }) => ({ name, size: content.length, sha256: sha256(content) })),
  ).toEqual(golden.configs);
  const found = header.devices.map(({ id, name, size }) => {
    const image = disks.get(id) ?? new Uint8Array(0);
    return { devId: id, name, size, sha256: sha256(name === 'vmstate' ? withoutZeroBlocks(image) : image) };
  });
  expect(found).toEqual(
    golden.drives.map(({ devId, name, size, sha256 }) => ({ devId, name, size, sha256 })),
  );
}

/** The stock tool leaves the zero blocks of a RAM state out of the file it writes, so its digest is of the rest. */
function withoutZeroBlocks(image: Uint8Array): Uint8Array {
  const blocks = Array.from({ length: image.length / 4096 }, (_, index) =>
    image.subarray(4096 * index, 4096 * (index + 1)),
  );
  return new Uint8Array(Buffer.concat(blocks.filter((block) => block.some((byte) => byte !== 0))));
}
