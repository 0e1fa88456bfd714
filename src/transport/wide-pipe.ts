import { EventEmitter, once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { InletSource } from './inlet.ts';

/** What one read may bring; a socket of the kernel's usual size holds less. */
const READ_BYTES = 512 << 10;

export interface WidePipe {
  /** For a child process, which gets a copy: to be destroyed once it has started. */
  readonly sink: Socket;
  readonly source: WideSource;
}

/**
 * A pair of connected sockets for the long output of a child process. Node's own reads 64 KiB at a time, each into memory that is made
 * for it, and wakes up for each of them; that was half of what it took to receive a stream.
 * @returns undefined where there is no room for such a thing: the usual pipe does
 */
export async function openWidePipe(): Promise<WidePipe | undefined> {
  // Others may connect to what they can reach: so it lies in a folder of our own, for a moment.
  const folder = await mkdtemp(join(tmpdir(), 'pvebak-pipe-')).catch(() => undefined);
  if (folder === undefined) return undefined;
  try {
    return await connectPair(join(folder, 's'));
  } catch {
    return undefined;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function connectPair(path: string): Promise<WidePipe> {
  const server = createServer({ pauseOnConnect: true });
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  try {
    await once(server.listen(path), 'listening');
    const source = new WideSource();
    await source.connect(path);
    return { source, sink: await accepted };
  } finally {
    server.close();
  }
}

/** The end that is read: like a Readable that flows. */
export class WideSource extends EventEmitter implements InletSource {
  readonly #socket: Socket;
  #memory = newMemory();

  constructor() {
    super();
    this.#socket = new Socket({
      onread: {
        buffer: () => this.#memory,
        callback: (length) => {
          this.emit('data', this.#take(length));
          return true;
        },
      },
    });
  }

  /** An error before it is connected is told here, and only here. */
  async connect(path: string): Promise<void> {
    await once(this.#socket.connect(path), 'connect');
    this.#socket.on('close', () => this.emit('close'));
    this.#socket.on('error', (error) => this.emit('error', error));
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** What was read, with memory of its own: little is copied, so that it does not hold much. */
  #take(length: number): Uint8Array {
    const read = this.#memory.subarray(0, length);
    if (length < READ_BYTES / 2) {
      const few = Buffer.allocUnsafeSlow(length);
      read.copy(few);
      return few;
    }
    this.#memory = newMemory();
    return read;
  }
}

function newMemory(): Buffer {
  return Buffer.allocUnsafeSlow(READ_BYTES);
}
