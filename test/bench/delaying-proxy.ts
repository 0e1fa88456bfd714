/**
 * A process of its own: a line with delay before a server of this machine. Arguments: the server's port and the milliseconds
 * that each byte is on its way, in either direction. Prints its own port. It holds what is under way, at most 64 MiB.
 */
import { connect, createServer, type Socket } from 'node:net';

const MOST_UNDER_WAY = 64 << 20;

if (import.meta.main) {
  const [port = 0, delayMs = 0] = process.argv.slice(2).map(Number);
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const target = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    carry(client, target, delayMs);
    carry(target, client, delayMs);
  });
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    process.stdout.write(`${typeof address === 'object' ? address?.port : ''}\n`);
  });
}

function carry(from: Socket, to: Socket, delayMs: number): void {
  let underWay = 0;
  const later = (work: () => void) => void setTimeout(work, delayMs);
  from.on('data', (bytes) => {
    underWay += bytes.length;
    if (underWay >= MOST_UNDER_WAY) from.pause();
    later(() => {
      to.write(bytes, () => {
        underWay -= bytes.length;
        if (underWay < MOST_UNDER_WAY) from.resume();
      });
    });
  });
  from.on('end', () => later(() => to.end()));
  from.on('error', () => to.destroy());
  from.on('close', () => later(() => to.destroySoon()));
}
