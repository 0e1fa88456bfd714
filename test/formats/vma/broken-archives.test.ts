import { describe, expect, it } from 'vitest';
import { readVma } from '../../../src/formats/vma/read-vma.ts';
import { formatErrorOf } from '../format-error-of.ts';
import { inPieces } from '../in-pieces.ts';
import { assembleVma } from './assemble-vma.ts';
import { sameDisks } from './same-disks.ts';
import { brokenArchives, vmaFixture } from './vma-fixture.ts';

/** What is wrong with each variant of base.vma, and at which byte. Its second extent begins at 38912, the third at 125440. */
const REFUSED: Readonly<Record<string, readonly [reason: string, offset: number]>> = {
  'empty.vma': ['the stream is empty', 0],
  'leading-garbage.vma': ['this is no VMA archive', 0],
  'truncated-header.vma': ['the stream ends inside the archive header', 5000],
  'truncated-header-blob.vma': ['the stream ends inside the archive header', 12800],
  'bad-magic.vma': ['this is no VMA archive', 0],
  'bad-version.vma': ['archive version 2 is not known', 4],
  'bad-header-md5.vma': ['archive header checksum is wrong', 32],
  'bad-header-md5-blob.vma': ['archive header checksum is wrong', 32],
  'header-size-small.vma': ['an archive header of 12288 bytes is too short', 56],
  'blob-offset-low.vma': ['the blob buffer starts at 100, inside the tables', 48],
  'blob-size-high.vma': ['the blob buffer reaches beyond the header', 52],
  'bad-config-pointer.vma': ['a config points to no blob', 3068],
  'bad-devname-pointer.vma': ['device 1 is not in the header', 13864],
  'device-removed.vma': ['device 2 is not in the header', 13880],
  'unknown-dev.vma': ['device 77 is not in the header', 38952],
  'truncated.vma': ['the stream ends inside the data of an extent', 43620],
  'truncated-extent-header.vma': ['the stream ends inside an extent header', 39112],
  'bad-extent-md5.vma': ['extent header checksum is wrong', 38912],
  'bad-extent-uuid.vma': ['extent belongs to another archive', 38920],
  'bad-extent-magic.vma': ['this is no extent header', 38912],
  'extent-reserved-set.vma': ['this is no extent header', 38912],
  'block-count-high.vma': ['extent announces 22 blocks, its entries 21', 38918],
  'block-count-low.vma': ['extent announces 20 blocks, its entries 21', 38918],
  'block-count-huge.vma': ['extent announces 945 blocks, its entries 4', 125446],
  'cluster-beyond-end-zero.vma': ['cluster 128 is behind the end of drive-scsi0', 38952],
  'cluster-beyond-end-data.vma': ['cluster 129 is behind the end of drive-scsi0', 38976],
  'cluster-far-beyond-end.vma': ['cluster 100000 is behind the end of drive-scsi0', 38976],
  'device-smaller.vma': ['cluster 127 is behind the end of drive-scsi0', 125600],
  'extra-data-entry-beyond-end.vma': ['cluster 10 is behind the end of drive-scsi1', 125608],
  'extra-zero-entry-beyond-end.vma': ['cluster 10 is behind the end of drive-scsi1', 125608],
  'duplicate-cluster.vma': ['cluster 57 of drive-scsi0 is there twice', 38976],
  'duplicate-extent.vma': ['cluster 112 of drive-scsi0 is there twice', 142376],
  'trailing-garbage.vma': ['the stream ends inside an extent header', 142355],
  'trailing-zeros-512.vma': ['extent header checksum is wrong', 142336],
  'trailing-garbage-4k.vma': ['extent header checksum is wrong', 142336],
  'truncated-at-extent.vma': [missing(112, 16, 128), 125440],
  'header-only.vma': [missing(0, 128, 128), 13824],
  'missing-cluster.vma': [missing(54, 1, 128), 142336],
  'device-larger.vma': [missing(128, 1, 129), 142336],
};

const ACCEPTED: Readonly<Record<string, string>> = {
  'bad-data.vma': 'no checksum of the format covers the data',
  'entry-reserved-set.vma': 'the reserved byte of an entry is nobody’s',
  'reordered-extents.vma': 'extents come in any order',
  'empty-extent-inserted.vma': 'an extent may be empty',
  'extent-with-59.vma': '59 entries have room, and holes between them are skipped',
  'config-data-null.vma': 'a config without content is not one',
  'device-zero-slot.vma': 'device 0 is never one',
};

/** `vma extract` lets it through by an accident of rounding. */
const STRICTER_THAN_STOCK = 'extra-zero-entry-beyond-end.vma';

const variants = await brokenArchives();
const base = await assembleVma(inPieces(await vmaFixture('base.vma')));

describe.each(variants)('$file ($what)', ({ file, extract }) => {
  it('is judged as `vma extract` does', () => {
    expect(file in ACCEPTED, file).toBe(extract.status === 0 && file !== STRICTER_THAN_STOCK);
    expect(file in REFUSED).toBe(!(file in ACCEPTED));
  });

  it.each([65536, 4099, 13])('gives the reason and the place, in pieces of %i bytes', async (pieceBytes) => {
    const verdict = await formatErrorOf(readVma(inPieces(await vmaFixture(`broken/${file}`), pieceBytes)));
    const [reason, offset] = REFUSED[file] ?? [];
    expect(verdict).toEqual(reason === undefined ? 'accepted' : { reason, offset });
  });
});

const identical = variants.filter(
  ({ file, imagesIdenticalToBase }) => imagesIdenticalToBase && file in ACCEPTED,
);

it.each(identical)('$file ($what) holds the disks of the sound archive', async ({ file }) => {
  const { disks } = await assembleVma(inPieces(await vmaFixture(`broken/${file}`)));
  expect(sameDisks(disks, base.disks)).toBe(true);
});

function missing(first: number, lacking: number, clusters: number): string {
  return `the archive is not complete: cluster ${first} of drive-scsi0 is missing (${lacking} of its ${clusters} are)`;
}
