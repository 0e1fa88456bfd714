/** A way to a port that can stop forwarding in both directions without closing anything, as a router does that lost its route. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { PassThrough, Transform } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

export interface DroppableRoute extends AsyncDisposable {
  readonly port: number;
  /** Bytes that went towards the port. */
  readonly passed: number;
  drop(): void;
}

/** @param options.bytesPerSecond the most that goes towards the port; without it, as much as comes */
export async function droppableRoute(
  target: number,
  { bytesPerSecond }: { readonly bytesPerSecond?: number } = {},
): Promise<DroppableRoute> {
  const sockets: Socket[] = [];
  let passed = 0;
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    sockets.push(near, far);
    near.on('error', () => far.destroy());
    far.on('error', () => near.destroy()).pipe(near);
    near.on('data', (chunk) => {
      passed += chunk.length;
    });
    near.pipe(bytesPerSecond === undefined ? new PassThrough() : throttle(bytesPerSecond)).pipe(far);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    get passed() {
      return passed;
    },
    drop() {
      for (const socket of sockets) socket.unpipe().pause();
    },
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

function throttle(bytesPerSecond: number): Transform {
  return new Transform({
    transform(chunk: Uint8Array, _, done) {
      void sleep((chunk.length / bytesPerSecond) * 1000).then(() => done(null, chunk));
    },
  });
}
