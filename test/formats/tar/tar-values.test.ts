import { describe, expect, it } from 'vitest';
import { paxTime } from '../../../src/formats/tar/pax-values.ts';
import { tarNumber } from '../../../src/formats/tar/tar-number.ts';

describe('a number in a tar header', () => {
  it.each([
    ['0000644\0', 0o644],
    ['   644 \0', 0o644],
    ['7777777 ', 0o7777777],
    ['12345670', 0o12345670],
    ['\0\0\0\0\0\0\0\0', 0],
    ['        ', 0],
    ['\x80\0\0\0\0\x4c\x4b\x40', 5_000_000],
    ['\x80\0\0\x02\0\0\0\0\0\0\0\0', undefined],
    ['\xff\xff\xff\xff\xff\xff\xff\xff', -1],
    ['\xff\xff\xff\xff\xff\xff\xff\0', -256],
  ])('written %j is %s', (field, value) => {
    const parse = () => tarNumber(new Uint8Array(Buffer.from(field, 'latin1')), 0);
    if (value === undefined) expect(parse).toThrow('a number in a tar header is wrong');
    else expect(parse()).toBe(value);
  });
});

describe('a time in an extended header', () => {
  it.each([
    ['0', 0, 0],
    ['1795366889', 1795366889, 0],
    ['1795366889.', 1795366889, 0],
    ['1795366889.942058805', 1795366889, 942058805],
    ['1795366889.9', 1795366889, 900000000],
    ['1795366889.9999999999', 1795366889, 999999999],
    ['-1', -1, 0],
    ['-0.5', -1, 500000000],
    ['-1.25', -2, 750000000],
    ['-1.9999999999', -2, 0],
  ])('written %s is %i s and %i ns', (text, seconds, nanoseconds) => {
    expect(paxTime(new TextEncoder().encode(text), 0)).toEqual({ seconds, nanoseconds });
  });
});
