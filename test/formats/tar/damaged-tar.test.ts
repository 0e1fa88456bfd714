import { describe, expect, it } from 'vitest';
import { readTar } from '../../../src/formats/tar/read-tar.ts';
import { formatErrorOf } from '../format-error-of.ts';
import { inPieces } from '../in-pieces.ts';
import { END_BLOCKS, joinBytes, paxEntry, tarEntry, tarHeader, withChecksum } from './tar-builder.ts';
import { containerTar } from './tar-fixture.ts';

const SOUND = joinBytes([
  paxEntry({ path: 'a' }),
  tarEntry({ name: 'a' }, 'x'.repeat(700)),
  END_BLOCKS,
  new Uint8Array(512),
]);
const SPARSE = { 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.realsize': '4096' };

describe('a tar that is cut', () => {
  it.each([
    [0, 'the stream is empty', 0],
    [100, 'the stream ends inside a tar header', 100],
    [600, 'the stream ends inside an extended header', 600],
    [1024, 'the end blocks are missing', 1024],
    [1100, 'the stream ends inside a tar header', 1100],
    [1536, 'the stream ends inside the data of "a"', 1536],
    [1600, 'the stream ends inside the data of "a"', 1600],
    [2236, 'the stream ends inside padding', 2236],
    [2300, 'the stream ends inside padding', 2300],
    [2560, 'the end blocks are missing', 2560],
    [2570, 'the stream ends inside a tar header', 2570],
    [3072, 'the second end block is missing', 3072],
    [3080, 'the stream ends inside the second end block', 3080],
  ])('after %i bytes is refused', async (length, reason, offset) => {
    for (const pieceBytes of [1, 500, 65536]) {
      expect(await verdictOn(SOUND.subarray(0, length), pieceBytes)).toEqual({ reason, offset });
    }
  });

  it.each([3584, 3600, 4096])('after %i bytes, where only zeros are left, is whole', async (length) => {
    expect(await verdictOn(SOUND.subarray(0, length))).toBe('accepted');
  });

  it('is refused wherever a container’s dump is cut before its second end block', async () => {
    const archive = await containerTar();
    const end = archive.findLastIndex((byte) => byte !== 0);
    for (let length = 0; length < end + 512; length += 50_021) {
      expect(await verdictOn(archive.subarray(0, length)), `${length} bytes`).not.toBe('accepted');
    }
    expect(await verdictOn(archive)).toBe('accepted');
  });
});

describe('a tar is refused', () => {
  it.each<[string, readonly Uint8Array[], string, number]>([
    ['with a wrong checksum', [flipped(tarHeader({ name: 'a' }), 0)], 'tar header checksum is wrong', 0],
    [
      'that begins with a line of text',
      [Buffer.from('Welcome!\n'.padEnd(512))],
      'tar header checksum is wrong',
      0,
    ],
    [
      'with something after its end',
      [END_BLOCKS, Buffer.from('\0\0x')],
      'something follows the end blocks',
      1026,
    ],
    [
      'with one block of zeros between members',
      [new Uint8Array(512), tarHeader({ name: 'a' }), END_BLOCKS],
      'the second end block is missing',
      512,
    ],
    [
      'with an extended header and no member',
      [paxEntry({ path: 'a' }), END_BLOCKS],
      'an extended header has no member',
      1024,
    ],
    [
      'with a size that is no number',
      [fieldSet(124, '12x45678901\0')],
      'a number in a tar header is wrong',
      124,
    ],
    ['with a negative size', [fieldSet(124, `${'\xff'.repeat(12)}`)], 'a member has a negative size', 124],
    [
      'with a size beyond all numbers',
      [fieldSet(124, `\x80\0\0\x7f${'\xff'.repeat(8)}`)],
      'a number in a tar header is wrong',
      124,
    ],
    [
      'with records that are no records',
      [tarEntry({ name: 'x', type: 'x' }, '99 path=a\n')],
      'an extended header is malformed',
      512,
    ],
    [
      'with a record without a key',
      [tarEntry({ name: 'x', type: 'x' }, '5 =a\n')],
      'an extended header is malformed',
      512,
    ],
    [
      'with a record without its newline',
      [tarEntry({ name: 'x', type: 'x' }, '10 path=ab')],
      'an extended header is malformed',
      512,
    ],
    [
      'with a record of length 0',
      [tarEntry({ name: 'x', type: 'x' }, '0 path=a\n')],
      'an extended header is malformed',
      512,
    ],
    [
      'with records above 1 MiB',
      [tarHeader({ name: 'x', type: 'x', size: 1024 * 1024 + 1 })],
      'an extended header of 1048577 bytes is too long',
      0,
    ],
    [
      'with a long name above 8 KiB',
      [tarHeader({ name: 'x', type: 'L', size: 8193 })],
      'an extended header of 8193 bytes is too long',
      0,
    ],
    [
      'with a path above 8 KiB',
      [paxEntry({ path: 'a'.repeat(8193) }), tarHeader({ name: 'a' })],
      'a name is longer than 8192 bytes',
      9216,
    ],
    [
      'with a time that is none',
      [paxEntry({ mtime: 'now' }), tarHeader({ name: 'a' })],
      'an extended header says "now" where a time should be',
      1024,
    ],
    [
      'with a size that is none in its records',
      [paxEntry({ size: '1e3' }), tarHeader({ name: 'a' })],
      'an extended header says "1e3" where a number should be',
      1024,
    ],
    [
      'with an old GNU sparse file',
      [tarHeader({ name: 'a', type: 'S' })],
      'members of type S are not supported',
      0,
    ],
    [
      'with a sparse map that is none',
      [paxEntry(SPARSE), tarEntry({ name: 'a' }, 'x'.padEnd(512))],
      'a sparse map is malformed',
      1536,
    ],
    [
      'with a sparse map without a number',
      [paxEntry(SPARSE), tarEntry({ name: 'a' }, '1\n\n'.padEnd(512))],
      'a sparse map is malformed',
      1538,
    ],
    [
      'with a sparse map of a million and one regions',
      [paxEntry(SPARSE), tarEntry({ name: 'a' }, '1000001\n'.padEnd(512))],
      'a sparse map has 1000001 regions',
      1543,
    ],
    [
      'with a sparse map longer than its member',
      [paxEntry(SPARSE), tarEntry({ name: 'a' }, `9\n${'1\n1\n'.repeat(3)}`)],
      'the sparse map of "a" is cut short',
      1536,
    ],
  ])('%s', async (_, parts, reason, offset) => {
    for (const pieceBytes of [7, 65536]) {
      expect(await verdictOn(joinBytes([...parts, END_BLOCKS]), pieceBytes)).toEqual({ reason, offset });
    }
  });
});

function verdictOn(archive: Uint8Array, pieceBytes?: number): ReturnType<typeof formatErrorOf> {
  return formatErrorOf(readTar(inPieces(archive, pieceBytes)));
}

function flipped(block: Uint8Array, at: number): Uint8Array {
  return block.with(at, (block[at] ?? 0) ^ 1);
}

function fieldSet(at: number, field: string): Uint8Array {
  const block = Buffer.from(tarHeader({ name: 'a' }));
  block.write(field, at, 'latin1');
  return withChecksum(block);
}
