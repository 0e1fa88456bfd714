/** A way to a port that can stop forwarding in both directions without closing anything, as a router does that lost its route. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface DroppableRoute extends AsyncDisposable {
  readonly port: number;
  drop(): void;
}

export async function droppableRoute(target: number): Promise<DroppableRoute> {
  const sockets: Socket[] = [];
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.push(from);
      from.on('error', () => to.destroy()).pipe(to);
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
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
