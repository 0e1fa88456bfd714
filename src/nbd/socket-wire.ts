import type { Socket } from 'node:net';
import { ByteIntake } from './byte-intake.ts';
import type { Wire } from './wire.ts';

/** A socket as the rest sees it. Once `signal` is aborted nothing more is read; what is to be sent still is. */
export function socketWire(socket: Socket, signal: AbortSignal): Wire {
  return {
    input: new ByteIntake(piecesOf(socket, signal)),
    send: (parts) =>
      sendAll(
        socket,
        parts.filter(({ length }) => length > 0),
      ),
  };
}

/** Read only when asked for: what nobody asks for stays with the client. */
async function* piecesOf(socket: Socket, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  while (!signal.aborted) {
    const piece: Uint8Array | null = socket.read();
    if (piece !== null) yield piece;
    else if (socket.readableEnded || socket.destroyed) return;
    else await moreOf(socket, signal);
  }
}

const NEWS = ['readable', 'end', 'close', 'error'] as const;

async function moreOf(socket: Socket, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const wake = () => resolve();
  for (const name of NEWS) socket.on(name, wake);
  signal.addEventListener('abort', wake);
  try {
    await promise;
  } finally {
    for (const name of NEWS) socket.off(name, wake);
    signal.removeEventListener('abort', wake);
  }
}

/** The callback of the last part comes when the system has taken it, or when the socket is gone. */
function sendAll(socket: Socket, parts: readonly Uint8Array[]): Promise<void> {
  const last = parts.at(-1);
  if (last === undefined || socket.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    socket.cork();
    for (const part of parts.slice(0, -1)) socket.write(part);
    socket.write(last, () => resolve());
    socket.uncork();
  });
}
