import { type ExtendedAttribute, extendedAttributes } from '../../formats/tar/extended-attributes.ts';
import type { TarMember, TarMemberType } from '../../formats/tar/tar-member.ts';
import type { Inode, InodeType } from './inode-table.ts';
import { goJson } from './tree-text.ts';

/** Beyond it a sparse file may be nothing but a claim: `lastlog` of a container can say a terabyte. */
const MOST_SPARSE_BYTES = 64 * 2 ** 30;

const TYPES: Readonly<Record<TarMemberType, InodeType | undefined>> = {
  file: 'file',
  directory: 'dir',
  symlink: 'symlink',
  'character-device': 'chardev',
  'block-device': 'dev',
  fifo: 'fifo',
  'hard-link': undefined,
  other: undefined,
};

/** A member as a file, or why it cannot be one; `lost` says what of it is not in the inode. */
export type MemberInode =
  | { readonly kind: 'inode'; readonly inode: Inode; readonly lost: readonly string[] }
  | { readonly kind: 'unfit'; readonly reason: string };

/** What a member that is no hard link says of its file. */
export function memberInode(member: TarMember): MemberInode {
  const reason = unfit(member);
  const type = TYPES[member.type];
  if (reason !== undefined) return { kind: 'unfit', reason };
  if (type === undefined)
    return { kind: 'unfit', reason: `members of type ${typeShown(member)} are no files` };
  const { attributes, unknown } = extendedAttributes(member);
  const inode = {
    type,
    mode: member.mode,
    uid: member.uid,
    gid: member.gid,
    mtimeSeconds: member.mtime.seconds,
    mtimeNanoseconds: member.mtime.nanoseconds,
    device: deviceNumber(member),
    linkTarget: member.linkName,
    extendedAttributes: attributes.length === 0 ? NOTHING : encodeAttributes(attributes),
  };
  return {
    kind: 'inode',
    inode,
    lost: unknown.map((name) => `${name} names somebody whom only the node knows`),
  };
}

const NOTHING = new Uint8Array(0);

function unfit(member: TarMember): string | undefined {
  const { layout, realSize, uid, gid, deviceMajor, deviceMinor } = member;
  if (layout.kind === 'unknown') return layout.reason;
  if (layout.kind === 'sparse' && realSize > MOST_SPARSE_BYTES)
    return `it is sparse and ${realSize} bytes long, which is more than 64 GiB`;
  if (!isBelow(uid, 2 ** 32) || !isBelow(gid, 2 ** 32)) return 'its owner or group is no number of 32 bits';
  if (!isBelow(deviceMajor, 2 ** 12) || !isBelow(deviceMinor, 2 ** 20)) return 'Linux has no such device';
  return undefined;
}

function isBelow(value: number, limit: number): boolean {
  return value >= 0 && value < limit;
}

/** What stat(2) says on Linux (include/linux/kdev_t.h, new_encode_dev). */
function deviceNumber({ type, deviceMajor, deviceMinor }: TarMember): number {
  if (type !== 'character-device' && type !== 'block-device') return 0;
  return (deviceMinor & 0xff) + deviceMajor * 2 ** 8 + (deviceMinor >>> 8) * 2 ** 20;
}

function encodeAttributes(attributes: readonly ExtendedAttribute[]): Uint8Array {
  const nodes = attributes.map(
    ({ name, value }) => `{"name":${goJson(name)},"value":"${Buffer.from(value).toString('base64')}"}`,
  );
  return Buffer.from(`[${nodes.join(',')}]`, 'utf8');
}

function typeShown({ typeFlag }: TarMember): string {
  return JSON.stringify(typeFlag);
}
