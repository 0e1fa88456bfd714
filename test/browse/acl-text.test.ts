import { describe, expect, it } from 'vitest';
import { aclText } from '../../src/browse/acl-text.ts';

/** What Linux gives for `setfacl -m u:1000:r` on a file of mode 755. */
const FILE = Buffer.from('AgAAAAEABwD/////AgAEAOgDAAAEAAQA/////xAABQD/////IAAFAP////8=', 'base64');

describe('an access control list as text', () => {
  it('names each entry with its permissions', () => {
    expect(aclText(FILE)).toBe('user::rwx,user:1000:r--,group::r--,mask::r-x,other::r-x');
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['another version', Buffer.from([1, 0, 0, 0])],
    ['half an entry', FILE.subarray(0, -4)],
    ['a tag that nobody knows', Buffer.from([2, 0, 0, 0, 3, 0, 7, 0, 0, 0, 0, 0])],
    ['permissions that nobody knows', Buffer.from([2, 0, 0, 0, 1, 0, 8, 0, 0, 0, 0, 0])],
  ])('is not made of %s', (_, bytes) => {
    expect(aclText(bytes)).toBeUndefined();
  });
});
