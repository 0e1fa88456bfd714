import { FormatError } from '../format-error.ts';
import { paxNumber, paxTime } from './pax-values.ts';
import { MAX_NAME_BYTES, type MemberExtensions } from './tar-extensions.ts';
import type { TarHeader } from './tar-header.ts';
import type { TarMember, TarMemberType, TarTime } from './tar-member.ts';

const TYPES: Readonly<Record<string, TarMemberType>> = {
  '\0': 'file',
  '0': 'file',
  '1': 'hard-link',
  '2': 'symlink',
  '3': 'character-device',
  '4': 'block-device',
  '5': 'directory',
  '6': 'fifo',
  '7': 'file',
};

/** Old GNU sparse files and parts of several volumes have headers that go on after the header. */
const NOT_UNDERSTOOD = 'SM';

/** Records whose meaning is in the fields of the member; without a value they do not count. */
const USED_UP = new Set([
  ...['path', 'linkpath', 'size', 'uid', 'gid', 'mtime', 'atime', 'ctime', 'uname', 'gname'],
  ...[
    'comment',
    'hdrcharset',
    'GNU.sparse.major',
    'GNU.sparse.minor',
    'GNU.sparse.name',
    'GNU.sparse.realsize',
  ],
]);

/** What is known of a member before the map of a sparse file was read. */
export type MemberDescription = Omit<TarMember, 'layout'> & {
  readonly sparse: 'no' | 'mapped' | { readonly unknown: string };
};

/**
 * Puts a header and what came before it together; records of pax win over GNU's long names, both over the header.
 * @param offset where in the stream the header begins. @throws FormatError
 */
export function describeMember(
  header: TarHeader,
  extensions: MemberExtensions,
  offset: number,
): MemberDescription {
  if (NOT_UNDERSTOOD.includes(header.typeFlag)) {
    throw new FormatError(`members of type ${header.typeFlag} are not supported`, offset);
  }
  const { records } = extensions;
  const number = (key: string) => whenSet(records, key, (value) => paxNumber(value, offset));
  const time = (key: string) => whenSet(records, key, (value) => paxTime(value, offset));
  const rawName =
    whenSet(records, 'GNU.sparse.name') ?? whenSet(records, 'path') ?? extensions.longName ?? header.rawName;
  const linkName = whenSet(records, 'linkpath') ?? extensions.longLink ?? header.linkName;
  const type = memberType(header.typeFlag, rawName);
  const size = type === 'hard-link' ? 0 : (number('size') ?? header.size);
  const realSize = number('GNU.sparse.realsize') ?? number('GNU.sparse.size') ?? size;
  checkLengths([size, realSize], [rawName, linkName], offset);
  return {
    rawName,
    type,
    typeFlag: header.typeFlag,
    size,
    realSize,
    sparse: sparseKind(records, type),
    linkName: type === 'symlink' || type === 'hard-link' ? linkName : new Uint8Array(0),
    mode: header.mode & 0o7777,
    uid: number('uid') ?? header.uid,
    gid: number('gid') ?? header.gid,
    mtime: time('mtime') ?? wholeSeconds(header.mtime),
    atime: time('atime'),
    ctime: time('ctime'),
    deviceMajor: header.deviceMajor,
    deviceMinor: header.deviceMinor,
    records: new Map([...records].filter(([key]) => !USED_UP.has(key))),
  };
}

function whenSet(records: MemberExtensions['records'], key: string): Uint8Array | undefined;
function whenSet<Value>(
  records: MemberExtensions['records'],
  key: string,
  read: (value: Uint8Array) => Value,
): Value | undefined;
function whenSet(
  records: MemberExtensions['records'],
  key: string,
  read: (value: Uint8Array) => unknown = (value) => value,
): unknown {
  const value = records.get(key);
  return value === undefined || value.length === 0 ? undefined : read(value);
}

/** As GNU tar does: a file whose name ends with a slash is a directory. */
function memberType(typeFlag: string, rawName: Uint8Array): TarMemberType {
  const type = TYPES[typeFlag] ?? 'other';
  return type === 'file' && rawName.at(-1) === 0x2f ? 'directory' : type;
}

function checkLengths(sizes: readonly number[], names: readonly Uint8Array[], offset: number): void {
  if (sizes.some((size) => size < 0)) throw new FormatError('a member has a negative size', offset);
  if (names.some((name) => name.length > MAX_NAME_BYTES)) {
    throw new FormatError(`a name is longer than ${MAX_NAME_BYTES} bytes`, offset);
  }
}

/** Version 1.0 has its map in the data; the older ones have it in the records, and are not written any more. */
function sparseKind(records: MemberExtensions['records'], type: TarMemberType): MemberDescription['sparse'] {
  const text = (key: string) => new TextDecoder().decode(records.get(`GNU.sparse.${key}`));
  const version = `${text('major')}.${text('minor')}`;
  if (type === 'file' && version === '1.0') return 'mapped';
  const isSparse = [...records.keys()].some((key) => key.startsWith('GNU.sparse.'));
  return isSparse ? { unknown: 'it is stored in a sparse format other than 1.0' } : 'no';
}

function wholeSeconds(seconds: number): TarTime {
  return { seconds, nanoseconds: 0 };
}
