import { describe, expect, it } from 'vitest';
import { mostChangedBytes } from '../../src/browse/changed-bytes.ts';
import { BlobList } from '../../src/repository/blob-list.ts';
import { type BlobId, blobId } from '../../src/repository/object-id.ts';

/** A blob for each letter; capital ones are four times as long as small ones. */
function listed(letters: string) {
  const lengthOf = (_: unknown, id: BlobId) => (id[0] !== undefined && id[0] < 0x61 ? 4 : 1);
  const ids = [...letters].map((letter) => blobId(new Uint8Array(32).fill(letter.charCodeAt(0))));
  return { reader: { lengthOf }, content: BlobList.of(...ids) };
}

describe('the most that can have changed of a disk', () => {
  it.each([
    ['ABC', 'ABC', 0],
    ['ABC', 'AXC', 4],
    ['ABC', 'CBA', 8],
    ['AB', 'ABC', 4],
    ['ABC', 'AB', 0],
    ['', 'AB', 8],
    ['AB', '', 0],
    ['AwxyzB', 'AXB', 4],
    ['AXB', 'AwxyzB', 4],
    ['AxB', 'AyB', 1],
    ['AxB', 'AB', 4],
  ])('%s, then %s: %i', (before, after, expected) => {
    expect(mostChangedBytes(listed(before), listed(after))).toBe(expected);
  });
});
