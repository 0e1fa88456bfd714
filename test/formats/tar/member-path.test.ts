import { describe, expect, it } from 'vitest';
import { memberPath } from '../../../src/formats/tar/member-path.ts';

const parts = (name: string) =>
  memberPath(Buffer.from(name, 'latin1'), 512).map((part) => Buffer.from(part).toString('latin1'));

describe('the path of a member', () => {
  it.each([
    ['./', []],
    ['.', []],
    ['', []],
    ['./etc/hosts', ['etc', 'hosts']],
    ['etc/hosts', ['etc', 'hosts']],
    ['./etc/', ['etc']],
    ['.//etc/././hosts//', ['etc', 'hosts']],
    ['./...', ['...']],
    ['./..a/.b', ['..a', '.b']],
    ['./\xff\xfe', ['\xff\xfe']],
  ])('of %j is %j', (name, expected) => {
    expect(parts(name)).toEqual(expected);
  });

  it.each([
    ['/etc/passwd', 'the name "/etc/passwd" is absolute'],
    ['//', 'the name "//" is absolute'],
    ['..', 'the name ".." leads out of its folder'],
    ['./a/../b', 'the name "./a/../b" leads out of its folder'],
    ['./a/..', 'the name "./a/.." leads out of its folder'],
    ['./a\0b', 'the name "./a\\u0000b" holds a zero byte'],
  ])('of %j is refused', (name, message) => {
    expect(() => parts(name)).toThrow(message);
  });
});
