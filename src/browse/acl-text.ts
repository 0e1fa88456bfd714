/**
 * A POSIX ACL as Linux keeps it in `system.posix_acl_access` and `_default`, little-endian (linux/posix_acl_xattr.h):
 *
 *     0  4  version, 2          then for each entry   0  2  tag    2  2  permissions    4  4  id, of a user or group
 *
 * and as tar has it in `SCHILY.acl.access`: `user::rwx,user:1000:r--,group::r-x,mask::rwx,other::r--` (star(5)).
 * @returns undefined when the bytes are no such ACL
 */
export function aclText(bytes: Uint8Array): string | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4 || (bytes.length - 4) % 8 !== 0 || view.getUint32(0, true) !== 2) return undefined;
  const entries: string[] = [];
  for (let at = 4; at < bytes.length; at += 8) {
    const tag = TAGS.get(view.getUint16(at, true));
    const permissions = view.getUint16(at + 2, true);
    if (tag === undefined || permissions > 7) return undefined;
    const id = tag.named ? String(view.getUint32(at + 4, true)) : '';
    entries.push(`${tag.name}:${id}:${permissionText(permissions)}`);
  }
  return entries.join(',');
}

const TAGS: ReadonlyMap<number, { readonly name: string; readonly named: boolean }> = new Map([
  [0x01, { name: 'user', named: false }],
  [0x02, { name: 'user', named: true }],
  [0x04, { name: 'group', named: false }],
  [0x08, { name: 'group', named: true }],
  [0x10, { name: 'mask', named: false }],
  [0x20, { name: 'other', named: false }],
]);

function permissionText(bits: number): string {
  return `${bits & 4 ? 'r' : '-'}${bits & 2 ? 'w' : '-'}${bits & 1 ? 'x' : '-'}`;
}
