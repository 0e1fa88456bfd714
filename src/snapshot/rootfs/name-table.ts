import { randomInt } from 'node:crypto';
import { ByteArena } from './byte-arena.ts';
import { RecordTable } from './record-table.ts';

/** The name of the root, and the parent of what stands in it. */
export const ROOT = 0;
/** In the place of an inode: the name is not there (any more). */
export const NO_INODE = 0xffffffff;

/**
 * A name, 16 bytes:
 *
 *     0  4  the folder's name (number)     8  4  the name's bytes (address)
 *     4  4  inode                         12  2  how many there are
 */
const RECORD_BYTES = 16;
const PARENT = 0;
const INODE = 4;
const ADDRESS = 8;
const LENGTH = 12;

/**
 * All names of a file tree by number, found by folder and name. A name comes after its folder. About 40 bytes each, and
 * the name itself. The hash has a random start, so that names cannot be chosen to collide.
 */
export class NameTable {
  readonly #records = new RecordTable(RECORD_BYTES);
  readonly #arena = new ByteArena();
  readonly #hashStart = randomInt(2 ** 32);
  #table = new Uint32Array(1 << 10);

  constructor(rootInode: number) {
    this.#append(ROOT, new Uint8Array(0), rootInode);
  }

  get length(): number {
    return this.#records.length;
  }

  /** Bytes that are held. */
  get bytes(): number {
    return this.#records.bytes + this.#arena.bytes + this.#table.byteLength;
  }

  /** Undefined unless the folder holds, or held, something of that name. */
  find(parent: number, name: Uint8Array): number | undefined {
    const found = this.#table[this.#slotOf(parent, name)] ?? 0;
    return found === 0 ? undefined : found;
  }

  /** Adds a name that `find` did not find. @returns its number */
  add(parent: number, name: Uint8Array, inode: number): number {
    if (this.length * 2 > this.#table.length) this.#grow();
    const slot = this.#slotOf(parent, name);
    const number = this.#append(parent, name, inode);
    this.#table[slot] = number;
    return number;
  }

  parentOf(number: number): number {
    return this.#field(number, PARENT);
  }

  inodeOf(number: number): number {
    return this.#field(number, INODE);
  }

  setInode(number: number, inode: number): void {
    this.#records.segment(number).setUint32(this.#records.offset(number) + INODE, inode);
  }

  /** The raw bytes, as a view. */
  bytesOf(number: number): Uint8Array {
    return this.#arena.get(this.#field(number, ADDRESS), this.#lengthOf(number));
  }

  /** Whether one comes before the other by their bytes: negative, 0 or positive. */
  compare(one: number, other: number): number {
    const [a, b] = [this.#field(one, ADDRESS), this.#field(other, ADDRESS)];
    const [bytesA, bytesB] = [this.#arena.segment(a), this.#arena.segment(b)];
    const [atA, atB] = [this.#arena.offset(a), this.#arena.offset(b)];
    const [lengthA, lengthB] = [this.#lengthOf(one), this.#lengthOf(other)];
    for (let at = 0; at < lengthA && at < lengthB; at++) {
      const difference = (bytesA[atA + at] ?? 0) - (bytesB[atB + at] ?? 0);
      if (difference !== 0) return difference;
    }
    return lengthA - lengthB;
  }

  #append(parent: number, name: Uint8Array, inode: number): number {
    const number = this.#records.add();
    const [segment, at] = [this.#records.segment(number), this.#records.offset(number)];
    segment.setUint32(at + PARENT, parent);
    segment.setUint32(at + INODE, inode);
    segment.setUint32(at + ADDRESS, this.#arena.add(name));
    segment.setUint16(at + LENGTH, name.length);
    return number;
  }

  #field(number: number, field: number): number {
    return this.#records.segment(number).getUint32(this.#records.offset(number) + field);
  }

  #lengthOf(number: number): number {
    return this.#records.segment(number).getUint16(this.#records.offset(number) + LENGTH);
  }

  #slotOf(parent: number, name: Uint8Array): number {
    const mask = this.#table.length - 1;
    let slot = this.#hash(parent, name) & mask;
    for (let number = this.#table[slot] ?? 0; number !== 0; number = this.#table[slot] ?? 0) {
      if (this.#holds(number, parent, name)) return slot;
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  #holds(number: number, parent: number, name: Uint8Array): boolean {
    if (this.#field(number, PARENT) !== parent || this.#lengthOf(number) !== name.length) return false;
    const address = this.#field(number, ADDRESS);
    const [bytes, start] = [this.#arena.segment(address), this.#arena.offset(address)];
    for (let at = 0; at < name.length; at++) if (bytes[start + at] !== name[at]) return false;
    return true;
  }

  /** FNV-1a with a mix at the end. */
  #hash(parent: number, name: Uint8Array): number {
    let hash = Math.imul(this.#hashStart ^ parent, 0x9e3779b1);
    for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ (name[at] ?? 0), 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
    return (hash ^ (hash >>> 13)) >>> 0;
  }

  #grow(): void {
    this.#table = new Uint32Array(this.#table.length * 2);
    const mask = this.#table.length - 1;
    for (let number = 1; number < this.length; number++) {
      let slot = this.#hash(this.parentOf(number), this.bytesOf(number)) & mask;
      while (this.#table[slot] !== 0) slot = (slot + 1) & mask;
      this.#table[slot] = number;
    }
  }
}
