import { encodePosixAcl } from './posix-acl.ts';
import type { TarMember } from './tar-member.ts';

export interface ExtendedAttribute {
  readonly name: string;
  readonly value: Uint8Array;
}

/** What a member's records say of extended attributes. */
export interface MemberAttributes {
  /** Sorted by name. */
  readonly attributes: readonly ExtendedAttribute[];
  /** Access control lists that could not be read, by the name of the attribute. */
  readonly unknown: readonly string[];
}

const XATTR = 'SCHILY.xattr.';
const ACLS = new Map([
  ['SCHILY.acl.access', 'system.posix_acl_access'],
  ['SCHILY.acl.default', 'system.posix_acl_default'],
]);
const NONE: MemberAttributes = { attributes: [], unknown: [] };

/**
 * The extended attributes that Proxmox VE backs up and restores: those of users, the capabilities of programs, and access
 * control lists (pve-container, PVE/VZDump/LXC.pm and PVE/LXC/Create.pm).
 */
export function extendedAttributes({ records }: Pick<TarMember, 'records'>): MemberAttributes {
  if (records.size === 0) return NONE;
  const found = new Map<string, Uint8Array>();
  const unknown: string[] = [];
  for (const [key, value] of records) {
    const acl = ACLS.get(key);
    const name = acl ?? attributeName(key);
    if (name === undefined) continue;
    const bytes = acl === undefined ? value : encodePosixAcl(new TextDecoder().decode(value));
    if (bytes === undefined) unknown.push(name);
    else found.set(name, bytes);
  }
  const attributes = [...found].map(([name, value]) => ({ name, value }));
  return { attributes: attributes.sort((a, b) => (a.name < b.name ? -1 : 1)), unknown };
}

/** GNU tar writes `=` as `%3D` and `%` as `%25`. */
function attributeName(key: string): string | undefined {
  if (!key.startsWith(XATTR)) return undefined;
  const name = key.slice(XATTR.length).replaceAll('%3D', '=').replaceAll('%25', '%');
  return name.startsWith('user.') || name === 'security.capability' ? name : undefined;
}
