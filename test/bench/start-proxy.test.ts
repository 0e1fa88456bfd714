import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type SlowLine, startProxy } from './start-proxy.ts';

const DELAY_MS = 100;
/** Sends back what it gets, to the end. */
const server: Server = createServer({ allowHalfOpen: true }, (socket) => void socket.pipe(socket));
let proxy: SlowLine;

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  proxy = await startProxy(portOf(address), DELAY_MS);
});

afterAll(() => {
  proxy[Symbol.dispose]();
  server.close();
});

it('a byte takes the delay there and back', async () => {
  const socket = connect(proxy.port, '127.0.0.1');
  await once(socket, 'connect');
  const started = performance.now();
  socket.write('x');
  await once(socket, 'data');
  expect(performance.now() - started).toBeGreaterThan(2 * DELAY_MS - 10);
  socket.destroy();
});

it('all that is sent arrives, in order, to the end', async () => {
  const sent = Buffer.alloc(8 << 20, 'a line of some length, again and again');
  const socket = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true });
  socket.end(sent);
  const pieces: Uint8Array[] = [];
  for await (const piece of socket) pieces.push(piece);
  expect(Buffer.concat(pieces).equals(sent)).toBe(true);
});

function portOf(address: string | AddressInfo | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0;
}
