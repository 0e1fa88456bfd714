import { ByteArena } from './byte-arena.ts';
import { RecordTable } from './record-table.ts';

export type InodeType = 'file' | 'dir' | 'symlink' | 'dev' | 'chardev' | 'fifo';

/** What is kept of a file, whatever its names. */
export interface Inode {
  readonly type: InodeType;
  /** Permission bits, with those of set-user-id, set-group-id and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since 1970, rounded down. */
  readonly mtimeSeconds: number;
  readonly mtimeNanoseconds: number;
  /** As stat(2) has it, of devices. */
  readonly device: number;
  /** Raw bytes; empty unless it is a symlink. */
  readonly linkTarget: Uint8Array;
  /** JSON, a list of name and value; empty when there are none. */
  readonly extendedAttributes: Uint8Array;
}

const TYPES: readonly InodeType[] = ['file', 'dir', 'symlink', 'dev', 'chardev', 'fifo'];

/**
 * An inode, 56 bytes:
 *
 *      0  8  mtime, seconds             28  4  names (folder: what it holds)   44  4  attributes: address
 *      8  8  size, bytes                32  4  content: first slot             48  4  attributes: length
 *     16  4  mtime, nanoseconds         36  4  content: how many               52  2  mode
 *     20  4  uid                        40  4  device, or address of target    54  1  type
 *     24  4  gid                                (its length is the size)
 */
const RECORD_BYTES = 56;

/** The inodes of a file tree by number; extended attributes that follow each other and are equal are kept once. */
export class InodeTable {
  readonly #records = new RecordTable(RECORD_BYTES);
  readonly #arena = new ByteArena();
  #lastAttributes: { readonly bytes: Uint8Array; readonly address: number } | undefined;

  get length(): number {
    return this.#records.length;
  }

  /** Bytes that are held. */
  get bytes(): number {
    return this.#records.bytes + this.#arena.bytes;
  }

  add(inode: Inode): number {
    const number = this.#records.add();
    this.set(number, inode);
    return number;
  }

  /** Writes facts anew; content and number of names stay. */
  set(number: number, inode: Inode): void {
    const { segment, at } = this.#at(number);
    segment.setFloat64(at, inode.mtimeSeconds);
    segment.setUint32(at + 16, inode.mtimeNanoseconds);
    segment.setUint32(at + 20, inode.uid);
    segment.setUint32(at + 24, inode.gid);
    segment.setUint32(at + 40, inode.type === 'symlink' ? this.#arena.add(inode.linkTarget) : inode.device);
    if (inode.type === 'symlink') segment.setFloat64(at + 8, inode.linkTarget.length);
    segment.setUint32(at + 44, this.#attributesAddress(inode.extendedAttributes));
    segment.setUint32(at + 48, inode.extendedAttributes.length);
    segment.setUint16(at + 52, inode.mode);
    segment.setUint8(at + 54, TYPES.indexOf(inode.type));
  }

  get(number: number): Inode {
    const { segment, at } = this.#at(number);
    const type = this.typeOf(number);
    const special = segment.getUint32(at + 40);
    return {
      type,
      mode: segment.getUint16(at + 52),
      uid: segment.getUint32(at + 20),
      gid: segment.getUint32(at + 24),
      mtimeSeconds: segment.getFloat64(at),
      mtimeNanoseconds: segment.getUint32(at + 16),
      device: type === 'dev' || type === 'chardev' ? special : 0,
      linkTarget: type === 'symlink' ? this.#arena.get(special, segment.getFloat64(at + 8)) : NOTHING,
      extendedAttributes: this.#arena.get(segment.getUint32(at + 44), segment.getUint32(at + 48)),
    };
  }

  typeOf(number: number): InodeType {
    const { segment, at } = this.#at(number);
    return TYPES[segment.getUint8(at + 54)] ?? 'file';
  }

  /** How many names an inode has; of a folder, how many names are in it. */
  namesOf(number: number): number {
    const { segment, at } = this.#at(number);
    return segment.getUint32(at + 28);
  }

  addNames(number: number, names: 1 | -1): void {
    const { segment, at } = this.#at(number);
    segment.setUint32(at + 28, segment.getUint32(at + 28) + names);
  }

  /** A file's size and the slots of its blobs; of a folder the one slot of its tree. */
  contentOf(number: number): Content {
    const { segment, at } = this.#at(number);
    return {
      size: segment.getFloat64(at + 8),
      first: segment.getUint32(at + 32),
      count: segment.getUint32(at + 36),
    };
  }

  setContent(number: number, { size, first, count }: Content): void {
    const { segment, at } = this.#at(number);
    segment.setFloat64(at + 8, size);
    segment.setUint32(at + 32, first);
    segment.setUint32(at + 36, count);
  }

  #at(number: number): { readonly segment: DataView; readonly at: number } {
    return { segment: this.#records.segment(number), at: this.#records.offset(number) };
  }

  #attributesAddress(bytes: Uint8Array): number {
    if (bytes.length === 0) return 0;
    const last = this.#lastAttributes;
    if (last !== undefined && Buffer.compare(last.bytes, bytes) === 0) return last.address;
    const address = this.#arena.add(bytes);
    this.#lastAttributes = { bytes, address };
    return address;
  }
}

export interface Content {
  readonly size: number;
  readonly first: number;
  readonly count: number;
}

const NOTHING = new Uint8Array(0);
