/**
 * An access control list as the kernel keeps it in `system.posix_acl_access` and `system.posix_acl_default`:
 *
 *     0  4  version, 2                   each entry:   0  2  tag
 *     4     entries                                    2  2  permissions: read 4, write 2, execute 1
 *                                                      4  4  uid or gid; 0xffffffff where there is none
 *
 * all little-endian, in the order of the tags, then of the ids. Source: Linux, include/uapi/linux/posix_acl_xattr.h and
 * fs/posix_acl.c.
 */
const VERSION = 2;
const NO_ID = 0xffffffff;

const TAGS: Readonly<Record<string, { readonly own: number; readonly named?: number }>> = {
  user: { own: 0x01, named: 0x02 },
  group: { own: 0x04, named: 0x08 },
  mask: { own: 0x10 },
  other: { own: 0x20 },
};

/**
 * What Debian's base-passwd gives to every installation. tar writes an id by its name on the node where vzdump ran, and a
 * name that only that node knows cannot be told here.
 */
const USERS = new Map(
  Object.entries({
    ...{ root: 0, daemon: 1, bin: 2, sys: 3, sync: 4, games: 5, man: 6, lp: 7, mail: 8, news: 9, uucp: 10 },
    ...{ proxy: 13, 'www-data': 33, backup: 34, list: 38, irc: 39, gnats: 41, _apt: 42, nobody: 65534 },
  }),
);
const GROUPS = new Map(
  Object.entries({
    ...{ root: 0, daemon: 1, bin: 2, sys: 3, adm: 4, tty: 5, disk: 6, lp: 7, mail: 8, news: 9, uucp: 10 },
    ...{ man: 12, proxy: 13, kmem: 15, dialout: 20, fax: 21, voice: 22, cdrom: 24, floppy: 25, tape: 26 },
    ...{ sudo: 27, audio: 29, dip: 30, 'www-data': 33, backup: 34, operator: 37, list: 38, irc: 39, src: 40 },
    ...{
      gnats: 41,
      shadow: 42,
      utmp: 43,
      video: 44,
      sasl: 45,
      plugdev: 46,
      staff: 50,
      games: 60,
      users: 100,
    },
    nogroup: 65534,
  }),
);

interface AclEntry {
  readonly tag: number;
  readonly permissions: number;
  readonly id: number;
}

/**
 * Encodes the text of a `SCHILY.acl.access` or `.default` record: entries `user:NAME:rwx` between newlines or commas, a
 * fourth field being the id (star writes it).
 * @returns undefined when the text is no list, or names somebody whom only the node knows
 */
export function encodePosixAcl(text: string): Uint8Array | undefined {
  const entries: AclEntry[] = [];
  for (const line of text.split(/[\n,]/)) {
    const [said = ''] = line.split('#');
    if (said.trim() === '') continue;
    const entry = parseEntry(said.trim());
    if (entry === undefined) return undefined;
    entries.push(entry);
  }
  return entries.length === 0 ? undefined : encodeEntries(entries);
}

function parseEntry(line: string): AclEntry | undefined {
  const [kind = '', name = '', permissions = '', id] = line.split(':');
  const tags = TAGS[kind];
  if (tags === undefined || !/^[r-][w-][x-]$/.test(permissions)) return undefined;
  const bits = [...permissions].reduce((sum, letter) => sum * 2 + (letter === '-' ? 0 : 1), 0);
  if (name === '') return { tag: tags.own, permissions: bits, id: NO_ID };
  const found = numericId(id) ?? numericId(name) ?? (kind === 'user' ? USERS : GROUPS).get(name);
  return tags.named === undefined || found === undefined
    ? undefined
    : { tag: tags.named, permissions: bits, id: found };
}

function numericId(text: string | undefined): number | undefined {
  const id = text !== undefined && /^[0-9]{1,10}$/.test(text) ? Number(text) : NO_ID;
  return id < NO_ID ? id : undefined;
}

function encodeEntries(entries: readonly AclEntry[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 + entries.length * 8));
  view.setUint32(0, VERSION, true);
  const sorted = entries.toSorted((a, b) => a.tag - b.tag || a.id - b.id);
  for (const [index, { tag, permissions, id }] of sorted.entries()) {
    view.setUint16(4 + index * 8, tag, true);
    view.setUint16(6 + index * 8, permissions, true);
    view.setUint32(8 + index * 8, id, true);
  }
  return new Uint8Array(view.buffer);
}
