import { constants } from 'node:fs';
import { BLOCK_BYTES, cannotBeDirect } from './direct-io.ts';
import { OpenFiles } from './open-files.ts';
import { pageAligned } from './page-aligned.ts';
import { unclearedBytes } from './uncleared-bytes.ts';

const WINDOW_BYTES = 4 << 20;
const MOST_WINDOWS = 6;
/** How far from where the last read ended the next may begin: several threads have filled packs side by side. */
const NEAR_BYTES = 1 << 20;

interface Window {
  readonly start: number;
  readonly memory: Buffer;
  /** How many bytes of the memory are the file's. */
  readonly filled: Promise<number>;
  users: number;
  isRetired: boolean;
}

interface KnownFile {
  /** Where the read that went furthest ended. */
  end: number;
  window: Window | undefined;
}

/**
 * Reads ranges of packs. Where one follows the other, as in a restore, a window of the file is read past the system's cache
 * (`write-direct.ts` tells why), and ranges are copied from it. Whatever stands in the way of that, a range is read as it is: what a
 * window fails at is no error of the range. Memory: six windows of 4 MiB.
 */
export class SequentialReads {
  readonly #plain = new OpenFiles();
  readonly #direct = new OpenFiles(constants.O_RDONLY | constants.O_DIRECT);
  /** No more than there are windows, so that none is held by a file of long ago. The one that was used last is the last. */
  readonly #files = new Map<string, KnownFile>();
  readonly #spares: SharedArrayBuffer[] = [];
  #windows = 0;
  #canBeDirect = true;

  /** Fewer bytes when the file ends before. @throws as `open` and `read` of Node do */
  async read(path: string, offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const file = this.#take(path);
    const window = this.#windowFor(path, file, { offset, length });
    file.end = Math.max(file.end, offset + length);
    const bytes = window === undefined ? undefined : await this.#copy(window, offset, length);
    return bytes ?? this.#plain.read(path, offset, length);
  }

  #take(path: string): KnownFile {
    const file = this.#files.get(path) ?? { end: 0, window: undefined };
    this.#files.delete(path);
    this.#files.set(path, file);
    for (const [oldest, { window }] of this.#files) {
      if (this.#files.size <= MOST_WINDOWS) break;
      this.#files.delete(oldest);
      if (window !== undefined) this.#retire(window);
    }
    return file;
  }

  #windowFor(
    path: string,
    file: KnownFile,
    { offset, length }: { readonly offset: number; readonly length: number },
  ): Window | undefined {
    const { window } = file;
    if (window !== undefined && isInside(window, offset, length)) return window;
    const start = offset - (offset % BLOCK_BYTES);
    const isNear = Math.abs(offset - file.end) <= NEAR_BYTES;
    if (!this.#canBeDirect || !isNear || offset + length > start + WINDOW_BYTES / 2) return undefined;
    if (window !== undefined) this.#retire(window);
    file.window = this.#open(path, start);
    return file.window;
  }

  #open(path: string, start: number): Window | undefined {
    const spare = this.#spares.pop();
    if (spare === undefined && this.#windows === MOST_WINDOWS) return undefined;
    if (spare === undefined) this.#windows += 1;
    const memory = Buffer.from(spare ?? pageAligned(WINDOW_BYTES), 0, WINDOW_BYTES);
    const filled = this.#direct.readInto(path, start, memory).catch((error: unknown) => {
      if (cannotBeDirect(error)) this.#canBeDirect = false;
      return 0;
    });
    return { start, memory, filled, users: 0, isRetired: false };
  }

  /** Undefined when the window does not have all of it. */
  async #copy(window: Window, offset: number, length: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    window.users += 1;
    try {
      const from = offset - window.start;
      if ((await window.filled) < from + length) return undefined;
      const bytes = unclearedBytes(length);
      window.memory.copy(bytes, 0, from, from + length);
      return bytes;
    } finally {
      window.users -= 1;
      this.#freeRetired(window);
    }
  }

  #retire(window: Window): void {
    window.isRetired = true;
    void window.filled.then(() => this.#freeRetired(window));
  }

  #freeRetired(window: Window): void {
    if (!window.isRetired || window.users > 0) return;
    window.isRetired = false;
    if (window.memory.buffer instanceof SharedArrayBuffer) this.#spares.push(window.memory.buffer);
  }
}

function isInside({ start, memory }: Window, offset: number, length: number): boolean {
  return offset >= start && offset + length <= start + memory.length;
}
