/** What is on the disks beside zeros and noise: files of /usr one after the other, each padded to 4 KiB as on a disk. */
import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { seededNumbers } from './seeded.ts';

const BLOCK = 4096;
const LARGEST_FILE = 64 << 20;

export class ContentPool implements Disposable {
  readonly size: number;
  readonly #fd: number;

  constructor(file: string) {
    this.#fd = openSync(file, 'r');
    this.size = statSync(file).size;
  }

  /**
   * Fills `into` from `offset` on. Beyond its end the pool begins again with every bit turned according to the round, so
   * that large disks hold no copies.
   */
  read(offset: number, into: Uint8Array): void {
    for (let done = 0; done < into.length; ) {
      const from = (offset + done) % this.size;
      const piece = into.subarray(done, done + Math.min(into.length - done, this.size - from));
      readSync(this.#fd, piece, 0, piece.length, from);
      const round = Math.floor((offset + done) / this.size) % 256;
      if (round > 0) for (let i = 0; i < piece.length; i++) piece[i] = (piece[i] ?? 0) ^ round;
      done += piece.length;
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}

/** Makes the file of a pool with at least so many bytes, or with all that the folder has. */
export function makePool(file: string, { folder = '/usr', bytes, seed }: PoolOptions): ContentPool {
  const fd = openSync(file, 'w');
  let size = 0;
  for (const path of inSeededOrder(filesBelow(folder), seed)) {
    if (size >= bytes) break;
    size += append(fd, path, size);
  }
  closeSync(fd);
  return new ContentPool(file);
}

interface PoolOptions {
  readonly folder?: string;
  readonly bytes: number;
  readonly seed: string;
}

/** Without following links. */
function filesBelow(folder: string): readonly string[] {
  const files: string[] = [];
  const folders = [folder];
  for (let each = folders.pop(); each !== undefined; each = folders.pop()) {
    for (const entry of readdirSync(each, { withFileTypes: true })) {
      if (entry.isDirectory()) folders.push(join(each, entry.name));
      else if (entry.isFile()) files.push(join(each, entry.name));
    }
  }
  return files.sort();
}

/** @returns bytes added: none for a file that cannot be read or is very large */
function append(fd: number, path: string, at: number): number {
  try {
    if (statSync(path).size > LARGEST_FILE) return 0;
    const content = readFileSync(path);
    writeSync(fd, content, 0, content.length, at);
    const padded = Math.ceil(content.length / BLOCK) * BLOCK;
    if (padded > content.length)
      writeSync(fd, Buffer.alloc(padded - content.length), 0, undefined, at + content.length);
    return padded;
  } catch {
    return 0;
  }
}

function inSeededOrder(paths: readonly string[], seed: string): readonly string[] {
  const random = seededNumbers(`${seed} pool`);
  return paths
    .map((path) => ({ path, order: random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ path }) => path);
}
