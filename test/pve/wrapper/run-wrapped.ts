/** Runs a wrapped command to its end, as its client would. */
import { createHash } from 'node:crypto';
import { heartbeat } from '../../../src/pve/wrapper/heartbeat.ts';
import type { CommandExit, RunningCommand, Shell } from '../../../src/transport/shell.ts';

export interface WrappedRun {
  readonly exit: CommandExit;
  readonly bytes: number;
  readonly sha256: string;
  readonly stderr: string;
  readonly milliseconds: number;
}

export interface ClientBehaviour {
  /** Gives up so many milliseconds after the start. */
  readonly giveUpAfterMs?: number;
  /** Sends not one heartbeat. */
  readonly mute?: boolean;
}

export async function runDump(
  shell: Shell,
  argv: readonly string[],
  { giveUpAfterMs, mute = false }: ClientBehaviour = {},
): Promise<WrappedRun> {
  const begun = performance.now();
  const command = await shell.run(argv);
  const signal =
    giveUpAfterMs === undefined ? new AbortController().signal : AbortSignal.timeout(giveUpAfterMs);
  const beating = mute ? Promise.resolve() : heartbeat(command, { everyMs: 500, signal });
  const [stdout, stderr] = await Promise.all([digest(command.stdout), text(command.stderr)]);
  await beating;
  return { exit: await command.exit, ...stdout, stderr, milliseconds: performance.now() - begun };
}

export async function text(stream: RunningCommand['stderr']): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function digest(stream: RunningCommand['stdout']): Promise<Pick<WrappedRun, 'bytes' | 'sha256'>> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of stream) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}
