/** A server in this process, on a socket of its own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DiskReader } from '../../src/nbd/disk-reader.ts';
import { type NbdEvent, serveSocket } from '../../src/nbd/serve-socket.ts';

export class Serving implements AsyncDisposable {
  readonly folder: string;
  readonly events: NbdEvent[];
  /** The number of clients that were there at the end. */
  readonly ended: Promise<number>;
  readonly #stop: AbortController;

  static async start(reader: DiskReader, options: { readonly once?: boolean } = {}): Promise<Serving> {
    const folder = await mkdtemp(join(tmpdir(), 'pvebak-nbd-'));
    const listening = Promise.withResolvers<void>();
    const events: NbdEvent[] = [];
    const stop = new AbortController();
    const ended = serveSocket({
      facts: { name: 'drive-scsi0', description: 'of a test', size: reader.size },
      disk: reader,
      socket: join(folder, 'socket'),
      once: options.once ?? false,
      onEvent: (event) => {
        events.push(event);
        if (event.kind === 'listening') listening.resolve();
      },
      signal: stop.signal,
    });
    ended.catch(listening.reject);
    await listening.promise;
    return new Serving({ folder, events, ended, stop });
  }

  private constructor(parts: {
    folder: string;
    events: NbdEvent[];
    ended: Promise<number>;
    stop: AbortController;
  }) {
    this.folder = parts.folder;
    this.events = parts.events;
    this.ended = parts.ended;
    this.#stop = parts.stop;
  }

  get socket(): string {
    return join(this.folder, 'socket');
  }

  get uri(): string {
    return `nbd+unix:///?socket=${this.socket}`;
  }

  stop(): Promise<number> {
    this.#stop.abort();
    return this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}
