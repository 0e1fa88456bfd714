/** Where a socket is made, and what it never takes the place of. */
import { once } from 'node:events';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { listenPrivately } from '../../src/nbd/listen-privately.ts';
import { runProgram } from '../lab/run-program.ts';
import { temporaryFolder } from '../repository/sample-repository.ts';
import { userErrorOf } from '../repository/user-error-of.ts';

function newServer(): Server {
  const server = createServer();
  onTestFinished(async () => {
    if (server.listening) await once(server.close(), 'close');
  });
  return server;
}

it('a socket can be opened by its owner only, and goes with its server', async () => {
  const path = join(await temporaryFolder(), 'socket');
  const server = newServer();
  await listenPrivately(server, path);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  await once(server.close(), 'close');
  await expect(stat(path)).rejects.toThrow('ENOENT');
});

it('the mask of the process is as before', async () => {
  const before = process.umask();
  await listenPrivately(newServer(), join(await temporaryFolder(), 'socket'));
  expect(process.umask()).toBe(before);
});

it('one that is served is left alone', async () => {
  const path = join(await temporaryFolder(), 'socket');
  await listenPrivately(newServer(), path);
  const error = await userErrorOf(listenPrivately(newServer(), path));
  expect(error).toMatchObject({ code: 'usage', message: `${path} is there already` });
});

it('one that a server has left behind when it was killed is replaced', async () => {
  const path = join(await temporaryFolder(), 'socket');
  const killed = `require('net').createServer().listen('${path}', () => process.kill(process.pid, 'SIGKILL'))`;
  runProgram('sh', ['-c', `'${process.execPath}' -e "${killed}" || true`]);
  expect((await stat(path)).isSocket()).toBe(true);
  await listenPrivately(newServer(), path);
});

it('a file is never replaced', async () => {
  const path = join(await temporaryFolder(), 'file');
  await writeFile(path, 'precious');
  const error = await userErrorOf(listenPrivately(newServer(), path));
  expect(error).toMatchObject({ code: 'usage', message: `${path} is there already` });
  expect(await readFile(path, 'utf8')).toBe('precious');
});

it.each([
  ['a folder that is not there', '/nonexistent/socket', 'cannot make the socket /nonexistent/socket: '],
  ['a path that is too long', `/tmp/${'x'.repeat(103)}`, 'is too long for a socket'],
])('%s is said', async (_, path, message) => {
  const error = await userErrorOf(listenPrivately(newServer(), path));
  expect(error).toMatchObject({ code: 'usage', message: expect.stringContaining(message) });
});
