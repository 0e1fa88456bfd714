import { UserError } from '../user-error.ts';
import type { CommandExit, RunningCommand, Shell } from './shell.ts';

export interface CaptureOptions {
  /** For stdout and stderr each; more is an error, not a cut. Default 16 MiB. */
  readonly limitBytes?: number;
  /** Default 60 s. */
  readonly timeoutMs?: number;
  /** What the command reads; by default its input is at its end from the start. */
  readonly input?: Uint8Array;
  readonly signal?: AbortSignal;
}

export interface Captured {
  readonly stdout: Uint8Array;
  /** Decoded as UTF-8; what is none is replaced. */
  readonly stderr: string;
  /** Never `lost`: that throws. */
  readonly exit: Exclude<CommandExit, { kind: 'lost' }>;
}

const defaultLimitBytes = 16 * 1024 * 1024;
const defaultTimeoutMs = 60_000;

/**
 * Runs a short command and collects what it writes. Its exit status is for the caller to judge.
 * @throws UserError `command-failed` past the size or time limit, `host-unreachable` when the connection is lost;
 * the signal's reason on abort
 */
export async function capture(
  shell: Shell,
  argv: readonly string[],
  options: CaptureOptions = {},
): Promise<Captured> {
  const { limitBytes = defaultLimitBytes, timeoutMs = defaultTimeoutMs, signal } = options;
  const title = `${argv.slice(0, 3).join(' ')} on ${shell.where}`;
  const limits = new AbortController();
  const stop = (reason: string) => limits.abort(new UserError('command-failed', `${title} ${reason}`));
  const timer = setTimeout(() => stop(`did not end within ${timeoutMs / 1000} s`), timeoutMs);
  try {
    const command = await shell.run(argv, {
      signal: signal === undefined ? limits.signal : AbortSignal.any([signal, limits.signal]),
    });
    return await collectAll(command, { title, limitBytes, input: options.input, limits, stop });
  } finally {
    clearTimeout(timer);
  }
}

interface Collecting {
  readonly title: string;
  readonly limitBytes: number;
  readonly input: Uint8Array | undefined;
  readonly limits: AbortController;
  readonly stop: (reason: string) => void;
}

/** When anything fails, the command has ended before the failure is reported. */
async function collectAll(command: RunningCommand, collecting: Collecting): Promise<Captured> {
  const { title, limitBytes, input, limits, stop } = collecting;
  const tooMuch = () => stop(`wrote more than ${limitBytes} bytes`);
  try {
    const [stdout, stderr] = await Promise.all([
      collect(command.stdout, limitBytes, tooMuch),
      collect(command.stderr, limitBytes, tooMuch),
      feed(command, input),
    ]);
    return { stdout, stderr: stderr.toString(), exit: ended(await command.exit, title) };
  } catch (error) {
    limits.abort(error);
    await command.exit;
    throw error;
  }
}

async function collect(
  bytes: AsyncIterable<Uint8Array>,
  limit: number,
  tooMuch: () => void,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of bytes) {
    length += chunk.length;
    // The abort makes the next step of this very loop throw the reason.
    if (length > limit) tooMuch();
    else chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** A command need not read its input to the end; whether it should have shows in its exit. */
async function feed(command: RunningCommand, input: Uint8Array | undefined): Promise<void> {
  if (input !== undefined) await command.stdin.write(input).catch(() => undefined);
  await command.stdin.end();
}

function ended(exit: CommandExit, title: string): Captured['exit'] {
  if (exit.kind !== 'lost') return exit;
  throw new UserError('host-unreachable', `the connection was lost during ${title}: ${exit.reason}`);
}
