import { lstat, unlink } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { UserError } from '../user-error.ts';

/** A path in a socket's address has so many bytes at most (unix(7), `sun_path`, without the zero at its end). */
const MOST_PATH_BYTES = 107;

/**
 * Makes the server listen on a unix socket that only this user may open. Closing the server removes it. One that a server has
 * left behind, and that nobody serves any more, is replaced.
 * @throws UserError `usage` when it can't be made there
 */
export async function listenPrivately(server: Server, path: string): Promise<void> {
  if (Buffer.byteLength(path) > MOST_PATH_BYTES)
    throw new UserError('usage', `${path} is too long for a socket`, {
      hint: `it may have ${MOST_PATH_BYTES} bytes; give a shorter one with --socket`,
    });
  const code = await tryToListen(server, path);
  if (code === undefined) return;
  if (code === 'EADDRINUSE' && (await isAbandoned(path))) {
    await unlink(path);
    if ((await tryToListen(server, path)) === undefined) return;
  }
  throw code === 'EADDRINUSE'
    ? new UserError('usage', `${path} is there already`, { hint: 'give another path with --socket' })
    : new UserError('usage', `cannot make the socket ${path}: ${code}`, {
        hint: 'its folder must be there, and yours to write to',
      });
}

/** `listen` binds before it returns: the mask is that of this one file. @returns the system's code when it fails */
async function tryToListen(server: Server, path: string): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const failed = (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message);
  const before = process.umask(0o177);
  try {
    server.once('error', failed).listen(path, () => resolve(undefined));
  } finally {
    process.umask(before);
  }
  const code = await promise;
  server.off('error', failed);
  return code;
}

/** A file that is no socket refuses a connection as well. */
async function isAbandoned(path: string): Promise<boolean> {
  return (await lstat(path)).isSocket() && (await refusesConnections(path));
}

function refusesConnections(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
  });
}
