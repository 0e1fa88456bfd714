import type { StoredNode } from '../repository/tree-parser.ts';

/** What a node can be; `other` is what restic calls irregular, and all that is not known. */
export type NodeType = 'file' | 'dir' | 'symlink' | 'dev' | 'chardev' | 'fifo' | 'socket' | 'other';

/** What a node says of a file beside its name and content. Whatever is missing is zero or empty. */
export interface NodeFacts {
  readonly type: NodeType;
  /** As stat(2) has them: permissions, setuid, setgid and sticky; 0o4755. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** RFC 3339, as it stands in the tree; empty when there is none. */
  readonly mtime: string;
  readonly atime: string;
  /** Raw bytes; empty but for a symlink. */
  readonly linkTarget: Uint8Array;
  /** How many names the file has. */
  readonly links: number;
  /** The same for all names of one file; a number beyond 2^53 is not exact. Undefined when the file has one name. */
  readonly linkKey: string | undefined;
  /** Of a device. */
  readonly device: DeviceNumber;
  readonly xattrs: readonly ExtendedAttribute[];
}

export interface DeviceNumber {
  readonly major: number;
  readonly minor: number;
}

export interface ExtendedAttribute {
  readonly name: string;
  readonly value: Uint8Array;
}

/** Reads the fields of a node as restic's `internal/restic/node.go` defines them. */
export function nodeFacts({ type, fields }: StoredNode): NodeFacts {
  const links = whole(fields['links']);
  return {
    type: isKnownType(type) ? type : 'other',
    mode: unixMode(whole(fields['mode'])),
    uid: whole(fields['uid']),
    gid: whole(fields['gid']),
    mtime: text(fields['mtime']),
    atime: text(fields['atime']),
    linkTarget: linkTarget(fields),
    links,
    linkKey: links > 1 ? `${whole(fields['device_id'])}:${whole(fields['inode'])}` : undefined,
    device: deviceNumber(whole(fields['device'])),
    xattrs: extendedAttributes(fields['extended_attributes']),
  };
}

const TYPES: ReadonlySet<string> = new Set(['file', 'dir', 'symlink', 'dev', 'chardev', 'fifo', 'socket']);

function isKnownType(type: string): type is NodeType {
  return TYPES.has(type);
}

/** The bits of Go's os.FileMode beyond the permissions, as far as stat(2) has them in the mode: setuid, setgid, sticky. */
function unixMode(goMode: number): number {
  const bit = (number: number, value: number) => (Math.floor(goMode / 2 ** number) % 2 === 1 ? value : 0);
  return (goMode & 0o777) | bit(23, 0o4000) | bit(22, 0o2000) | bit(20, 0o1000);
}

/** `linktarget_raw`, base64, stands beside a target that is no UTF-8 (restic 0.17). */
function linkTarget(fields: StoredNode['fields']): Uint8Array {
  const raw = text(fields['linktarget_raw']);
  return raw === '' ? Buffer.from(text(fields['linktarget']), 'utf8') : Buffer.from(raw, 'base64');
}

/** Linux's dev_t of 64 bits: 12 bits of major and 8 of minor below, the rest of both above (glibc's sys/sysmacros.h). */
function deviceNumber(device: number): DeviceNumber {
  const high = Math.floor(device / 2 ** 32);
  const low = device % 2 ** 32;
  return {
    major: ((low >>> 8) & 0xfff) + (high >>> 12) * 2 ** 12,
    minor: (low & 0xff) + (low >>> 20) * 2 ** 8 + (high & 0xfff) * 2 ** 20,
  };
}

function extendedAttributes(value: unknown): readonly ExtendedAttribute[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  return list.flatMap((item) => {
    const { name, value: encoded }: { name?: unknown; value?: unknown } =
      typeof item === 'object' && item !== null ? item : {};
    return typeof name === 'string' ? [{ name, value: Buffer.from(text(encoded), 'base64') }] : [];
  });
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function whole(value: unknown): number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : 0;
}
