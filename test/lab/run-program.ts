/** Runs a program to its end and collects what it says. */
import { spawn, spawnSync } from 'node:child_process';

export interface Finished {
  readonly stdout: string;
  readonly stderr: string;
  /** 128 and the number of the signal when one ended it, as a shell has it. */
  readonly exitCode: number;
}

/** @throws when the program fails. @returns standard output */
export function runProgram(program: string, args: readonly string[], input?: string): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    input,
    maxBuffer: 1 << 28,
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}: ${stderr}`);
  return stdout;
}

export interface ProgramOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: Uint8Array | string;
}

/** Output is read as latin1 when it is not UTF-8; ask for bytes with a stream of your own. */
export async function finish(
  program: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<Finished> {
  const child = spawn(program, args, { env: options.env, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.on('error', () => {});
  child.stdin.end(options.input);
  const [stdout, stderr, exitCode] = await Promise.all([
    textOf(child.stdout),
    textOf(child.stderr),
    codeOf(child),
  ]);
  return { stdout, stderr, exitCode };
}

type Child = ReturnType<typeof spawn>;

const SIGNALS: ReadonlyMap<string, number> = new Map([
  ['SIGHUP', 1],
  ['SIGINT', 2],
  ['SIGKILL', 9],
  ['SIGPIPE', 13],
  ['SIGTERM', 15],
]);

function codeOf(child: Child): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.once('error', reject);
  child.once('close', (code, signal) => resolve(code ?? 128 + (SIGNALS.get(signal ?? '') ?? 0)));
  return promise;
}

async function textOf(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
