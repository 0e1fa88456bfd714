import { close as closeDescriptor, open, read } from 'node:fs';
import { promisify } from 'node:util';
import { unclearedBytes } from './uncleared-bytes.ts';

const openFile = promisify(open);
const closeFile = promisify(closeDescriptor);
const readFile = promisify(read);

const MOST_OPEN = 16;
const IDLE_MS = 2_000;

interface OpenFile {
  readonly opened: Promise<number>;
  readers: number;
}

/**
 * Reads ranges of files, and keeps those that were read last open for a moment: many blobs of one pack are read one after
 * the other, and opening costs more than reading.
 */
export class OpenFiles {
  /** The one that was used last is the last. */
  readonly #files = new Map<string, OpenFile>();
  #idle: NodeJS.Timeout | undefined;

  /** Fewer bytes when the file ends before. @throws as `open` and `read` of Node do */
  async read(path: string, offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const file = this.#take(path);
    try {
      return await readRange(await file.opened, offset, length);
    } catch (error) {
      if (this.#files.get(path) === file) this.#files.delete(path);
      throw error;
    } finally {
      file.readers -= 1;
      if (file.readers === 0 && this.#files.get(path) !== file) close(file);
      this.#closeSuperfluous(MOST_OPEN);
      this.#closeWhenIdle();
    }
  }

  #take(path: string): OpenFile {
    const file = this.#files.get(path) ?? { opened: openFile(path, 'r'), readers: 0 };
    this.#files.delete(path);
    this.#files.set(path, file);
    file.readers += 1;
    return file;
  }

  /** Closes those that nobody reads, the oldest first, until so many are left. */
  #closeSuperfluous(most: number): void {
    for (const [path, file] of this.#files) {
      if (this.#files.size <= most) return;
      if (file.readers > 0) continue;
      this.#files.delete(path);
      close(file);
    }
  }

  #closeWhenIdle(): void {
    this.#idle ??= setTimeout(() => {
      this.#idle = undefined;
      this.#closeSuperfluous(0);
    }, IDLE_MS).unref();
  }
}

function close({ opened }: OpenFile): void {
  void opened.then((descriptor) => closeFile(descriptor)).catch(() => undefined);
}

async function readRange(
  descriptor: number,
  offset: number,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const buffer = unclearedBytes(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await readFile(descriptor, buffer, filled, length - filled, offset + filled);
    if (bytesRead === 0) return buffer.slice(0, filled);
    filled += bytesRead;
  }
  return buffer;
}
