import { createServer, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { DiskReader } from './disk-reader.ts';
import type { ExportFacts } from './export-facts.ts';
import { listenPrivately } from './listen-privately.ts';
import { serveClient } from './serve-client.ts';
import { shakeHands } from './shake-hands.ts';
import { socketWire } from './socket-wire.ts';

/** What happens while a disk is served. */
export type NbdEvent =
  | { readonly kind: 'listening' }
  /** One more client, or one less, that reads the disk; `clients` are there now. */
  | { readonly kind: 'client-came'; readonly clients: number }
  | { readonly kind: 'client-left'; readonly clients: number }
  /** A client was told of an input/output error. */
  | { readonly kind: 'read-failed'; readonly error: unknown };

export interface ServeOptions {
  readonly facts: ExportFacts;
  readonly disk: DiskReader;
  /** Path of the unix socket. */
  readonly socket: string;
  /** Ends when the last client has left, instead of waiting for the next. */
  readonly once: boolean;
  readonly onEvent: (event: NbdEvent) => void;
  readonly signal: AbortSignal;
}

const MOST_CONNECTIONS = 16;
/** Who has not asked for the disk by then makes room for others. */
const HANDSHAKE_MS = 30_000;
/** For what is under way when the serving ends. */
const GRACE_MS = 2000;

/**
 * Serves a disk to any number of clients until `signal` is aborted, or `once` they have left. Requests under way are then
 * answered, for at most 2 s; the socket is gone afterwards. Memory is bounded: 16 connections, 32 MiB of replies for each.
 * @returns the number of clients that still read the disk at the end
 * @throws UserError `usage` when there can be no socket
 */
export async function serveSocket(options: ServeOptions): Promise<number> {
  const clients = new Clients(options);
  const server = createServer({ allowHalfOpen: true }, (socket) => clients.take(socket));
  server.maxConnections = MOST_CONNECTIONS;
  await listenPrivately(server, options.socket);
  try {
    options.onEvent({ kind: 'listening' });
    return await clients.untilEnough();
  } finally {
    server.close();
    await clients.end();
  }
}

class Clients {
  readonly #options: ServeOptions;
  readonly #sockets = new Map<Socket, Promise<void>>();
  readonly #stop = new AbortController();
  readonly #enough = Promise.withResolvers<number>();
  #reading = 0;

  constructor(options: ServeOptions) {
    this.#options = options;
  }

  take(socket: Socket): void {
    socket.on('error', () => undefined);
    const served = this.#serve(socket)
      .catch((error: unknown) => this.#enough.reject(error))
      .finally(() => {
        socket.destroySoon();
        this.#sockets.delete(socket);
      });
    this.#sockets.set(socket, served);
  }

  async untilEnough(): Promise<number> {
    const { signal } = this.#options;
    const interrupted = () => this.#enough.resolve(this.#reading);
    signal.addEventListener('abort', interrupted);
    if (signal.aborted) interrupted();
    try {
      return await this.#enough.promise;
    } finally {
      signal.removeEventListener('abort', interrupted);
    }
  }

  async end(): Promise<void> {
    this.#stop.abort();
    const timer = new AbortController();
    const all = Promise.all(this.#sockets.values());
    await Promise.race([all, wait(GRACE_MS, undefined, { signal: timer.signal }).catch(() => undefined)]);
    timer.abort();
    for (const socket of this.#sockets.keys()) socket.destroy();
    await all;
  }

  async #serve(socket: Socket): Promise<void> {
    const { facts, disk, onEvent } = this.#options;
    const wire = socketWire(socket, this.#stop.signal);
    const late = setTimeout(() => socket.destroy(), HANDSHAKE_MS);
    const agreed = await shakeHands(wire, facts).finally(() => clearTimeout(late));
    if (agreed === undefined) return;
    onEvent({ kind: 'client-came', clients: ++this.#reading });
    const onFailure = (error: unknown) => onEvent({ kind: 'read-failed', error });
    await serveClient(wire, agreed, { disk, onFailure });
    onEvent({ kind: 'client-left', clients: --this.#reading });
    if (this.#options.once && this.#reading === 0) this.#enough.resolve(0);
  }
}
