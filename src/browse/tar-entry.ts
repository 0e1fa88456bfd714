import { splitTime } from './node-time.ts';

/**
 * Headers of the pax interchange format, POSIX.1-2017: a `ustar` header, with an extended header before it for what does not
 * fit into one. `src/formats/tar/tar-header.ts` has the table of a header block.
 *
 * Names of users and groups are left empty, so that numbers count: they are those of the guest, not of whoever unpacks.
 */
export interface TarEntry {
  /** Raw bytes, as it is to stand there. */
  readonly path: Uint8Array;
  /** Hard link, symlink, ... by their flags in POSIX. */
  readonly typeFlag: '0' | '1' | '2' | '3' | '4' | '5' | '6';
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** RFC 3339. */
  readonly mtime: string;
  readonly atime: string;
  readonly linkPath: Uint8Array;
  readonly device: { readonly major: number; readonly minor: number };
  /** Further records, such as `SCHILY.xattr.user.comment`. */
  readonly records: readonly PaxRecord[];
}

export interface PaxRecord {
  /** Without `=`. */
  readonly key: string;
  readonly value: Uint8Array;
}

export const TAR_BLOCK_BYTES = 512;
const NAME_BYTES = 100;
/** Seven octal digits. */
const MOST_SMALL = 0o7777777;
/** Eleven octal digits. */
const MOST_LARGE = 0o77777777777;

/** One or several blocks; the content comes after them, filled up with `paddingOf` its size. */
export function encodeTarEntry(entry: TarEntry): Uint8Array {
  const records = Buffer.concat(neededRecords(entry).map(encodeRecord));
  const header = encodeHeader(entry);
  if (records.length === 0) return header;
  const extended = { ...EXTENDED, typeFlag: 'x', path: EXTENDED_NAME, size: records.length } as const;
  return Buffer.concat([encodeHeader(extended), records, paddingOf(records.length), header]);
}

/** The zeros that fill a member of that size up to whole blocks. */
export function paddingOf(size: number): Uint8Array {
  return ZERO_BLOCK.subarray(0, (TAR_BLOCK_BYTES - (size % TAR_BLOCK_BYTES)) % TAR_BLOCK_BYTES);
}

/** What an archive ends with: two blocks of zeros. */
export function tarEnd(): Uint8Array {
  return new Uint8Array(2 * TAR_BLOCK_BYTES);
}

const ZERO_BLOCK = new Uint8Array(TAR_BLOCK_BYTES);
const EXTENDED_NAME = Buffer.from('././@PaxHeader');
const EXTENDED = {
  mode: 0o644,
  uid: 0,
  gid: 0,
  mtime: '',
  linkPath: new Uint8Array(),
  device: { major: 0, minor: 0 },
};

function neededRecords(entry: TarEntry): readonly PaxRecord[] {
  const records: PaxRecord[] = [];
  const add = (key: string, value: Uint8Array | string) =>
    records.push({ key, value: typeof value === 'string' ? Buffer.from(value) : value });
  if (entry.path.length > NAME_BYTES) add('path', entry.path);
  if (entry.linkPath.length > NAME_BYTES) add('linkpath', entry.linkPath);
  if (entry.size > MOST_LARGE) add('size', String(entry.size));
  if (entry.uid > MOST_SMALL) add('uid', String(entry.uid));
  if (entry.gid > MOST_SMALL) add('gid', String(entry.gid));
  if (!fitsHeader(entry.mtime)) add('mtime', paxTime(entry.mtime));
  if (entry.atime !== '' && entry.atime !== entry.mtime) add('atime', paxTime(entry.atime));
  return [...records, ...entry.records];
}

function fitsHeader(time: string): boolean {
  const { seconds, nanoseconds } = splitTime(time);
  return nanoseconds === 0 && seconds >= 0 && seconds <= MOST_LARGE;
}

/** Seconds and a fraction. Before 1970 the whole is negative: 0.25 s before it is -0.25. */
function paxTime(time: string): string {
  const { seconds, nanoseconds } = splitTime(time);
  const before = seconds < 0 && nanoseconds > 0;
  const whole = before ? seconds + 1 : seconds;
  const fraction = String(before ? 1e9 - nanoseconds : nanoseconds)
    .padStart(9, '0')
    .replace(/0+$/, '');
  const sign = before && whole === 0 ? '-' : '';
  return `${sign}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}

/** `LENGTH KEY=VALUE\n`; the length counts its own digits. */
function encodeRecord({ key, value }: PaxRecord): Uint8Array {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from('\n')]);
  let length = rest.length + 1;
  while (String(length).length + rest.length > length) length += 1;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

function encodeHeader(
  entry: Omit<TarEntry, 'typeFlag' | 'records' | 'atime'> & { readonly typeFlag: string },
): Uint8Array {
  const block = Buffer.alloc(TAR_BLOCK_BYTES);
  const octal = (value: number, at: number, digits: number) =>
    block.write(Math.floor(value).toString(8).padStart(digits, '0'), at, 'latin1');
  block.set(entry.path.subarray(0, NAME_BYTES), 0);
  octal(entry.mode, 100, 7);
  octal(fitting(entry.uid, MOST_SMALL), 108, 7);
  octal(fitting(entry.gid, MOST_SMALL), 116, 7);
  octal(fitting(entry.size, MOST_LARGE), 124, 11);
  octal(fitting(splitTime(entry.mtime).seconds, MOST_LARGE), 136, 11);
  block.write(entry.typeFlag, 156, 'latin1');
  block.set(entry.linkPath.subarray(0, NAME_BYTES), 157);
  block.write('ustar\u000000', 257, 'latin1');
  octal(fitting(entry.device.major, MOST_SMALL), 329, 7);
  octal(fitting(entry.device.minor, MOST_SMALL), 337, 7);
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\u0000 `, 148, 'latin1');
  return block;
}

/** A number that does not fit stands in the extended header. */
function fitting(value: number, most: number): number {
  return value < 0 || value > most ? 0 : value;
}
