import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openNodeWay } from '../../src/apply/node-way.ts';
import { capture } from '../../src/transport/capture.ts';
import type { Shell } from '../../src/transport/shell.ts';
import type { Way } from '../../src/transport/way.ts';
import { startSshd, type TestSshd } from '../transport/sshd.ts';

const { signal } = new AbortController();
let sshd: TestSshd;
beforeAll(async () => {
  sshd = await startSshd();
});
afterAll(() => sshd[Symbol.asyncDispose]());

function bySudo(port: number): Extract<Way, { kind: 'ssh2' }> {
  return {
    kind: 'ssh2',
    options: {
      addresses: [{ host: '127.0.0.1', port }],
      username: sshd.username,
      login: { kind: 'identity', key: sshd.identity },
      knownKeys: { kind: 'fingerprints', sha256: [sshd.fingerprints['ed25519'] ?? ''] },
    },
    sudo: true,
  };
}

/** A port that turns the first connection away, and leads the others to the server. */
async function shyPort() {
  let turnedAway = false;
  const server = createServer((socket) => {
    if (!turnedAway) {
      turnedAway = true;
      socket.destroy();
      return;
    }
    const onwards = connect(sshd.port, '127.0.0.1');
    for (const end of [socket, onwards]) end.on('error', () => undefined);
    socket.pipe(onwards).pipe(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { port, [Symbol.dispose]: () => server.close() };
}

async function runsBySudo(shell: Shell): Promise<boolean> {
  const { stdout } = await capture(shell, ['sh', '-c', 'echo "by $SUDO_USER"']);
  return Buffer.from(stdout).toString() === `by ${sshd.username}\n`;
}

test('a way by sudo is one by sudo also where it leads through another node', async () => {
  using shy = await shyPort();
  const ways = { kind: 'direct', way: bySudo(shy.port), entry: bySudo(sshd.port) } as const;
  await using shell = await openNodeWay(ways, signal);
  expect(shell.where).toBe(`127.0.0.1:${shy.port} through 127.0.0.1:${sshd.port}`);
  expect(await runsBySudo(shell)).toBe(true);
});

test('and where it leads straight there', async () => {
  await using shell = await openNodeWay({ kind: 'entry', way: bySudo(sshd.port) }, signal);
  expect(await runsBySudo(shell)).toBe(true);
  const { sudo: _, ...way } = bySudo(sshd.port);
  await using plain = await openNodeWay({ kind: 'entry', way }, signal);
  expect(await runsBySudo(plain)).toBe(false);
});
