import { describe, expect, it } from 'vitest';
import { blobId } from '../../src/repository/object-id.ts';
import { decodePackHeader, encodePackHeader, type PackEntry } from '../../src/repository/pack-header.ts';

const id = (first: number) => blobId(new Uint8Array(32).fill(first));

const ENTRIES: readonly PackEntry[] = [
  { id: id(1), type: 'data', offset: 0, length: 0x01020304, uncompressedLength: 0 },
  { id: id(2), type: 'tree', offset: 0x01020304, length: 38, uncompressedLength: 0 },
  { id: id(3), type: 'data', offset: 0x0102032a, length: 40, uncompressedLength: 0x0a0b0c0d },
  { id: id(4), type: 'tree', offset: 0x01020352, length: 44, uncompressedLength: 2 },
];

describe('the header of a pack', () => {
  it('is read as it was written', () => {
    expect(decodePackHeader(encodePackHeader(ENTRIES))).toEqual(ENTRIES);
  });

  it('has 37 bytes for a blob and 41 for a compressed one, integers little-endian', () => {
    const hex = Buffer.from(encodePackHeader(ENTRIES)).toString('hex');
    expect(hex).toBe(
      [
        `00${'04030201'}${'01'.repeat(32)}`,
        `01${'26000000'}${'02'.repeat(32)}`,
        `02${'28000000'}${'0d0c0b0a'}${'03'.repeat(32)}`,
        `03${'2c000000'}${'02000000'}${'04'.repeat(32)}`,
      ].join(''),
    );
  });

  it.each([
    ['an unknown type', Buffer.from('04', 'hex'), 'unknown blob type 4 at offset 0'],
    [
      'an unknown type later on',
      Buffer.concat([Buffer.alloc(37), Buffer.from('ff', 'hex')]),
      'blob type 255 at offset 37',
    ],
    ['one byte too few', Buffer.alloc(36), 'ends inside the entry at offset 0'],
    [
      'a compressed blob of the plain length',
      Buffer.concat([Buffer.from('02', 'hex'), Buffer.alloc(36)]),
      'ends inside the entry at offset 0',
    ],
  ])('with %s is refused, with the offset', (_, bytes, message) => {
    expect(() => decodePackHeader(bytes)).toThrow(message);
  });
});
