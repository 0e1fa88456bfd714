import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { InletSource } from './inlet.ts';
import type { WidePipe } from './wide-pipe.ts';

export interface PipedChild {
  readonly child: ChildProcess & { readonly stdin: Writable; readonly stderr: Readable };
  readonly stdout: InletSource & { destroy(): unknown };
}

export interface SpawnPipedOptions {
  /** By default this process's own. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** For its stdout, instead of the usual one. */
  readonly pipe?: WidePipe | undefined;
}

/**
 * Starts a program as the leader of a process group of its own, its three streams piped. Does not wait: the child's events
 * come soon, and whoever listens late has missed them.
 */
export function spawnPiped(
  file: string,
  args: readonly string[],
  { environment, pipe }: SpawnPipedOptions,
): PipedChild {
  const child = spawn(file, args, {
    detached: true,
    stdio: ['pipe', pipe?.sink ?? 'pipe', 'pipe'],
    ...(environment === undefined ? {} : { env: { ...environment } }),
  });
  pipe?.sink.destroy();
  const { stdin, stderr } = child;
  const stdout = pipe?.source ?? child.stdout;
  if (stdin === null || stderr === null || stdout === null)
    throw new Error(`${file} was started without pipes`);
  return { child: Object.assign(child, { stdin, stderr }), stdout };
}
