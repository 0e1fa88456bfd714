import { describe, expect, it } from 'vitest';
import { extendedAttributes } from '../../../src/formats/tar/extended-attributes.ts';
import { encodePosixAcl } from '../../../src/formats/tar/posix-acl.ts';

function attributesOf(records: Readonly<Record<string, string>>): readonly string[] {
  const found = extendedAttributes({
    records: new Map(Object.entries(records).map(([key, value]) => [key, Buffer.from(value, 'latin1')])),
  });
  const shown = found.attributes.map(({ name, value }) => `${name}=${Buffer.from(value).toString('latin1')}`);
  return [...shown, ...found.unknown.map((name) => `${name}?`)];
}

describe('extended attributes in an archive', () => {
  it('are those of users and the capabilities of programs, sorted', () => {
    expect(
      attributesOf({
        'SCHILY.xattr.user.b': '2',
        'SCHILY.xattr.security.capability': '\x01\0\xff',
        'SCHILY.xattr.user.a': '',
        'SCHILY.xattr.trusted.overlay.opaque': 'y',
        'SCHILY.xattr.security.selinux': 'label',
        'RHT.security.selinux': 'label',
        'SCHILY.fflags': 'nodump',
      }),
    ).toEqual(['security.capability=\x01\0\xff', 'user.a=', 'user.b=2']);
  });

  it('have their names as GNU tar quotes them', () => {
    expect(attributesOf({ 'SCHILY.xattr.user.a%3Db%25c%253D': 'x' })).toEqual(['user.a=b%c%3D=x']);
  });

  it('tell of lists that name somebody unknown', () => {
    expect(
      attributesOf({ 'SCHILY.acl.access': 'user::rw-\nuser:alice:r--\n', 'SCHILY.xattr.user.a': '1' }),
    ).toEqual(['user.a=1', 'system.posix_acl_access?']);
  });
});

describe('an access control list', () => {
  const hex = (text: string) => {
    const acl = encodePosixAcl(text);
    return acl === undefined
      ? undefined
      : Buffer.from(acl)
          .toString('hex')
          .replace(/(.{8})(?=.)/g, '$1 ');
  };

  it('becomes what the kernel keeps, in the order of tags and ids', () => {
    expect(hex('user::rw-\ngroup::r--\nuser:1000:rwx\nuser:33:--x\nmask::rwx\nother::---\n')).toBe(
      '02000000 01000600 ffffffff 02000100 21000000 02000700 e8030000 04000400 ffffffff 10000700 ffffffff 20000000 ffffffff',
    );
  });

  it.each([
    ['numbers', 'user:4242:r-x', '02000000 02000500 92100000'],
    ['names that every Debian has', 'user:www-data:r--', '02000000 02000400 21000000'],
    ['groups that every Debian has', 'group:adm:r--', '02000000 08000400 04000000'],
    ['a number beside an unknown name', 'user:alice:r--:1007', '02000000 02000400 ef030000'],
    ['commas', 'user::rw-,other::r--', '02000000 01000600 ffffffff 20000400 ffffffff'],
    ['comments', 'user::rwx\t#effective:r--\n# end\n', '02000000 01000700 ffffffff'],
  ])('may hold %s', (_, text, expected) => {
    expect(hex(text)).toBe(expected);
  });

  it.each([
    ['', 'nothing'],
    ['user:alice:r--', 'somebody unknown'],
    ['owner::rw-', 'an unknown kind'],
    ['user::rws', 'a permission that is none'],
    ['user::rw', 'too few permissions'],
    ['mask:7:rw-', 'a mask for somebody'],
    ['user:4294967295:rw-', 'the number that stands for nobody'],
    ['user', 'half an entry'],
  ])('%j is not understood: %s', (text) => {
    expect(hex(text)).toBeUndefined();
  });
});
