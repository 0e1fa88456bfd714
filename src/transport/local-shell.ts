import { once } from 'node:events';
import { UserError } from '../user-error.ts';
import { abortText } from './connection-lost.ts';
import { endProcessGroup } from './end-process-group.ts';
import { Inlet } from './inlet.ts';
import { Outlet } from './outlet.ts';
import { checkArgv } from './quote-argv.ts';
import type { CommandExit, RunningCommand, Shell } from './shell.ts';
import { type PipedChild, spawnPiped } from './spawn-piped.ts';
import { openWidePipe } from './wide-pipe.ts';

const where = 'this machine';
const killAfterMs = 5_000;

export interface LocalShellOptions {
  /** The commands' environment; by default this process's own. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/**
 * Runs commands on this machine, each as the leader of a process group of its own. An abort sends TERM to the group
 * and KILL 5 s later; `exit` then resolves once the group is gone. A command that is not there looks as it does in a
 * shell: status 127 and a line on stderr. Disposing ends what still runs.
 */
export function openLocalShell(options: LocalShellOptions = {}): Shell {
  const disposal = new AbortController();
  const running = new Set<Promise<CommandExit>>();
  return {
    where,
    async run(argv, { signal, long = false } = {}) {
      checkArgv(argv);
      const ending = signal === undefined ? disposal.signal : AbortSignal.any([signal, disposal.signal]);
      ending.throwIfAborted();
      const command = await start(argv, { options, signal: ending, long });
      running.add(command.exit);
      void command.exit.then(() => running.delete(command.exit));
      return command;
    },
    async [Symbol.asyncDispose]() {
      disposal.abort(new Error('the shell was closed'));
      await Promise.all(running);
    },
  };
}

interface StartOptions {
  readonly options: LocalShellOptions;
  readonly signal: AbortSignal;
  readonly long: boolean;
}

async function start(
  argv: readonly string[],
  { options, signal, long }: StartOptions,
): Promise<RunningCommand> {
  const [file = '', ...rest] = argv;
  const pipe = long ? await openWidePipe() : undefined;
  const { child, stdout } = spawnPiped(file, rest, {
    pipe,
    ...(options.environment === undefined ? {} : { environment: options.environment }),
  });
  const ended = new Promise<CommandExit>((resolve) => {
    child.on('exit', (status, name) => resolve(exitOf(status, name)));
  });
  try {
    await once(child, 'spawn');
  } catch (error) {
    stdout.destroy();
    return notStarted(file, error);
  }
  return attach({ child, stdout }, { ended, signal });
}

function exitOf(status: number | null, signal: NodeJS.Signals | null): CommandExit {
  return signal === null ? { kind: 'status', status: status ?? 255 } : { kind: 'signal', signal };
}

interface AttachOptions {
  readonly ended: Promise<CommandExit>;
  readonly signal: AbortSignal;
}

function attach(piped: PipedChild, { ended, signal }: AttachOptions): RunningCommand {
  const { child } = piped;
  const stdout = new Inlet(piped.stdout);
  const stderr = new Inlet(child.stderr);
  const stdin = new Outlet(child.stdin, noLongerReads);
  void stdout.complete.then(() => stdout.end());
  void stderr.complete.then(() => stderr.end());
  const aborted = Promise.withResolvers<CommandExit>();
  const onAbort = () => {
    for (const inlet of [stdout, stderr]) inlet.drop(signal.reason);
    stdin.close(signal.reason);
    void stop(piped, ended).then(() => aborted.resolve({ kind: 'lost', reason: abortText(signal) }));
  };
  const finished = ended.then(async (exit) => {
    stdin.close(noLongerReads());
    await Promise.all([stdout.complete, stderr.complete]);
    return exit;
  });
  const exit = Promise.race([
    aborted.promise,
    finished.then((value) => (signal.aborted ? aborted.promise : value)),
  ]);
  void exit.then(() => signal.removeEventListener('abort', onAbort));
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  return { stdout: stdout.bytes, stderr: stderr.bytes, stdin, exit };
}

async function stop({ child, stdout }: PipedChild, ended: Promise<unknown>): Promise<void> {
  if (child.pid !== undefined) await endProcessGroup(child.pid, killAfterMs);
  await ended;
  for (const stream of [child.stdin, stdout, child.stderr]) stream.destroy();
}

function noLongerReads(): UserError {
  return new UserError('command-failed', `the command on ${where} no longer reads its input`);
}

function notStarted(file: string, cause: unknown): RunningCommand {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'ENOENT') return failedAtOnce(127, `${file}: command not found\n`);
  if (code === 'EACCES') return failedAtOnce(126, `${file}: permission denied\n`);
  throw new UserError('command-failed', `${file} cannot be started on ${where}: ${String(code ?? cause)}`, {
    cause,
  });
}

function failedAtOnce(status: number, message: string): RunningCommand {
  return {
    stdout: pieces([]),
    stderr: pieces([Buffer.from(message)]),
    stdin: { write: () => Promise.reject(noLongerReads()), end: () => Promise.resolve() },
    exit: Promise.resolve({ kind: 'status', status }),
  };
}

async function* pieces(list: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, undefined> {
  yield* list;
}
