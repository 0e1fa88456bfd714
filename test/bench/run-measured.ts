/** A command as a process of its own, with what it took. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { peaksBelow } from './process-tree.ts';

export interface Measured {
  /** Seconds from start to end. */
  readonly wall: number;
  /** Seconds of processor time, user and system, of the command and of all that it started and waited for. */
  readonly cpu: number;
  /** Bytes: the most that any one process of the tree had resident. */
  readonly peak: number;
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface MeasuredCommand {
  /** A line of bash. */
  readonly line: string;
  /** Replaces the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Starts bash with a script; by default on this machine. */
  readonly start?: (script: string) => ChildProcess;
}

/**
 * Wall and processor time are those that bash's `time` tells (wait4(2) of the whole tree); peak memory is VmHWM of
 * proc(5), looked up while it runs. A command that fails is an answer too.
 */
export async function runMeasured({ line, env = {}, start }: MeasuredCommand): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'pvebak-bench-time-'));
  try {
    const script = `TIMEFORMAT='%3R %3U %3S'; { time { ${line}; } 2>&3; } 3>&2 2>'${folder}/time'`;
    const child =
      start?.(script) ??
      spawn('bash', ['-c', script], { env: { ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    const [peak, stdout, stderr, status] = await Promise.all([
      watch(child),
      textOf(child.stdout),
      textOf(child.stderr),
      statusOf(child),
    ]);
    const [wall = 0, user = 0, system = 0] = readFileSync(`${folder}/time`, 'utf8')
      .trim()
      .split(' ')
      .map(Number);
    return { wall, cpu: user + system, peak, status, stdout, stderr };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @throws with what it said, when it fails */
export async function mustRun(command: MeasuredCommand): Promise<Measured> {
  const measured = await runMeasured(command);
  if (measured.status === 0) return measured;
  throw new Error(
    `\`${command.line}\` ended with ${measured.status}:\n${measured.stdout.slice(-4000)}${measured.stderr.slice(-4000)}`,
  );
}

const SOON_MS = 20;
const LATER_MS = 100;

/** VmHWM only grows, so that looking now and then is enough; a process is looked at early, as it may be short. */
async function watch(child: ChildProcess): Promise<number> {
  let peak = 0;
  for (
    let pause = SOON_MS;
    child.exitCode === null && child.signalCode === null;
    pause = Math.min(2 * pause, LATER_MS)
  ) {
    for (const each of peaksBelow(child.pid ?? 0).values()) peak = Math.max(peak, each);
    await sleep(pause);
  }
  return peak;
}

function statusOf(child: ChildProcess): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.once('error', reject).once('close', (code) => resolve(code ?? 128));
  return promise;
}

async function textOf(stream: AsyncIterable<Uint8Array> | null): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream ?? []) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
