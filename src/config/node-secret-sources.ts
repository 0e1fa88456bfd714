import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import type { CommandOutcome, SecretSources } from './resolve-secret.ts';

const MAX_BYTES = 1024 * 1024;

/** Secrets from this machine's files and commands. Commands see `env`, too, and no input. */
export function nodeSecretSources(env: Readonly<Record<string, string | undefined>>): SecretSources {
  return {
    env,
    readFile: readSmallFile,
    runCommand: (argv, options) => runCommand(argv, { ...options, env }),
  };
}

async function readSmallFile(path: string): Promise<string> {
  await using file = await open(path);
  const { size } = await file.stat();
  if (size > MAX_BYTES) throw Object.assign(new Error(`${path} is too large`), { code: 'EFBIG' });
  return await file.readFile('utf8');
}

interface RunOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

function runCommand(argv: readonly string[], options: RunOptions): Promise<CommandOutcome> {
  const [program = '', ...args] = argv;
  // A process group of its own, so that the limit ends what the command has started as well.
  const child = spawn(program, args, { env: options.env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  let timedOut = false;
  const end = () => killGroup(child.pid);
  const timer = setTimeout(() => {
    timedOut = true;
    end();
  }, options.timeoutMs);
  options.signal?.addEventListener('abort', end, { once: true });
  if (options.signal?.aborted === true) end();
  return new Promise<CommandOutcome>((resolve) => {
    child.once('error', (error) => resolve({ kind: 'failed', reason: error.message, stderr: stderr() }));
    child.once('close', (status, signal) => {
      if (timedOut) resolve({ kind: 'timed-out', stderr: stderr() });
      else if (status === null) resolve({ kind: 'failed', reason: `ended by ${signal}`, stderr: stderr() });
      else resolve({ kind: 'ended', status, stdout: stdout(), stderr: stderr() });
    });
  }).finally(() => {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', end);
  });
}

/** Keeps the first MiB and drops the rest, so that the command can go on. */
function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  let length = 0;
  stream.on('data', (chunk: Buffer) => {
    if (length < MAX_BYTES) chunks.push(chunk);
    length += chunk.length;
  });
  return () => Buffer.concat(chunks).subarray(0, MAX_BYTES).toString('utf8');
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}
