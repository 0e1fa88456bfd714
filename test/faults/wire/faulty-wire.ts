/** A way to a port on which something happens after so many bytes. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { Transform, type TransformCallback } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

export const WIRE_FAULTS = ['cut', 'stall', 'stall both ways', 'slow', 'flip'] as const;

export interface WireFault {
  readonly kind: (typeof WIRE_FAULTS)[number];
  /** `up` is towards the port. */
  readonly direction: 'up' | 'down';
  /** After so many bytes of all connections together in that direction. */
  readonly at: number;
}

export interface FaultyWire extends AsyncDisposable {
  readonly port: number;
  /** Whether the fault has come. */
  readonly struck: boolean;
}

const SLOW_BYTES_PER_SECOND = 1_000_000;

/** The fault comes once: whoever connects again later finds the wire as it was before, but for what is slow. */
export async function faultyWire(target: number, fault: WireFault): Promise<FaultyWire> {
  const sockets = new Set<Socket>();
  let passed = 0;
  let struck = false;
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    const pair: readonly [Socket, Socket] = [near, far];
    for (const socket of pair) {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    }
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
    const faulty = watched((chunk, done) => {
      const before = passed;
      passed += chunk.length;
      if (struck && fault.kind === 'slow') return void slowly(chunk, done);
      if (struck || passed <= fault.at) return done(null, chunk);
      struck = true;
      strike(chunk, { fault, at: fault.at - before, pair, done });
    });
    if (fault.direction === 'up') near.pipe(faulty).pipe(far);
    else near.pipe(far);
    if (fault.direction === 'down') far.pipe(faulty).pipe(near);
    else far.pipe(near);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    get struck() {
      return struck;
    },
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

interface Strike {
  readonly fault: WireFault;
  /** In the chunk. */
  readonly at: number;
  /** The two ends of the connection. */
  readonly pair: readonly [Socket, Socket];
  readonly done: TransformCallback;
}

function strike(chunk: Buffer, { fault, at, pair, done }: Strike): void {
  switch (fault.kind) {
    case 'cut':
      done(null, chunk.subarray(0, at));
      for (const socket of pair) socket.destroy();
      return;
    case 'stall':
      // This direction never goes on: `done` is never called.
      return;
    case 'stall both ways':
      for (const socket of pair) socket.unpipe().pause();
      return;
    case 'slow':
      return void slowly(chunk, done);
    case 'flip': {
      const flipped = Buffer.from(chunk);
      flipped[at] = (flipped[at] ?? 0) ^ 1;
      done(null, flipped);
    }
  }
}

async function slowly(chunk: Buffer, done: TransformCallback): Promise<void> {
  await sleep((chunk.length / SLOW_BYTES_PER_SECOND) * 1000);
  done(null, chunk);
}

function watched(pass: (chunk: Buffer, done: TransformCallback) => void): Transform {
  return new Transform({ transform: (chunk: Buffer, _, done) => pass(chunk, done) });
}
