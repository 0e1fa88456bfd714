import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../user-error.ts';
import { abortText, connectionLost } from './connection-lost.ts';
import { Inlet } from './inlet.ts';
import { commandArguments } from './openssh-arguments.ts';
import type { OpensshMaster } from './openssh-master.ts';
import { exitOf, lineWithStatus, newMark, StatusStream } from './openssh-status.ts';
import { lastWords } from './openssh-words.ts';
import { Outlet } from './outlet.ts';
import type { CommandExit, RunningCommand } from './shell.ts';
import { type PipedChild, spawnPiped } from './spawn-piped.ts';
import { openWidePipe } from './wide-pipe.ts';

export interface OpensshCommandOptions {
  readonly where: string;
  readonly program: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal | undefined;
  readonly long: boolean;
}

/** How long the connection's own client may take to end after one of its commands' clients has. */
const lossGraceMs = 500;

/** Starts a command through a connection that stands. */
export async function startOpensshCommand(
  master: OpensshMaster,
  argv: readonly string[],
  options: OpensshCommandOptions,
): Promise<RunningCommand> {
  const { where, signal } = options;
  const mark = newMark();
  const line = lineWithStatus(argv, mark);
  signal?.throwIfAborted();
  if (master.connection.aborted) throw connectionLost(where, abortText(master.connection));
  const { program, environment, long } = options;
  const pipe = long ? await openWidePipe() : undefined;
  const child = spawnPiped(program, commandArguments(master.folder, line), { environment, pipe });
  const command = new ClientCommand(child, { ...options, mark, connection: master.connection });
  await Promise.race([command.started, command.exit]);
  signal?.throwIfAborted();
  if (command.hasStarted) return command;
  if (master.connection.aborted) throw connectionLost(where, abortText(master.connection));
  throw notStarted(where, command.words);
}

function notStarted(where: string, words: string): UserError {
  return new UserError(
    'command-failed',
    `${where} does not start another command: ${lastWords(words) ?? 'ssh ended'}`,
    { hint: 'sshd allows MaxSessions commands (10 by default) on one connection.' },
  );
}

interface ClientCommandOptions extends OpensshCommandOptions {
  readonly mark: string;
  readonly connection: AbortSignal;
}

class ClientCommand implements RunningCommand {
  readonly stdin: Outlet;
  readonly exit: Promise<CommandExit>;
  readonly started: Promise<void>;
  hasStarted = false;
  readonly #child: PipedChild['child'];
  readonly #options: ClientCommandOptions;
  readonly #status: StatusStream;
  readonly #stdout: Inlet;
  readonly #stderr: Inlet;
  readonly #resolveExit: (exit: CommandExit) => void;

  constructor({ child, stdout }: PipedChild, options: ClientCommandOptions) {
    this.#child = child;
    this.#options = options;
    this.#status = new StatusStream(options.mark);
    this.#stdout = new Inlet(stdout);
    this.#stderr = new Inlet(child.stderr.pipe(this.#status));
    this.stdin = new Outlet(child.stdin, () => noLongerReads(options.where));
    const { promise, resolve } = Promise.withResolvers<CommandExit>();
    this.exit = promise;
    this.#resolveExit = resolve;
    this.started = this.#status.started.then(() => {
      this.hasStarted = true;
    });
    this.#watchClient();
    this.#watchSignals();
  }

  get stdout(): AsyncIterable<Uint8Array> {
    return this.#stdout.bytes;
  }

  get stderr(): AsyncIterable<Uint8Array> {
    return this.#stderr.bytes;
  }

  /** What ssh itself wrote before the command started. */
  get words(): string {
    return this.#status.before;
  }

  #watchClient(): void {
    const ended = new Promise<number | null>((resolve) => {
      this.#child.on('error', (error) => {
        this.#status.before += `${error.message}\n`;
        resolve(null);
      });
      this.#child.on('exit', resolve);
    });
    void Promise.all([ended, this.#stdout.complete, this.#stderr.complete]).then(([code]) =>
      this.#finish(code),
    );
  }

  #watchSignals(): void {
    const { signal, connection } = this.#options;
    const onLost = () => this.#lose(abortText(connection));
    const onAbort = () => this.#abort(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    connection.addEventListener('abort', onLost, { once: true });
    // One may have fired while the pipe was made.
    if (signal?.aborted) onAbort();
    else if (connection.aborted) onLost();
    void this.exit.then(() => {
      signal?.removeEventListener('abort', onAbort);
      connection.removeEventListener('abort', onLost);
    });
  }

  async #finish(code: number | null): Promise<void> {
    const { connection, where } = this.#options;
    const exit = exitOf(
      code,
      this.#status.record,
      () => `ssh ended: ${lastWords(this.words) ?? `status ${code}`}`,
    );
    // The connection's end, which says more, may be on its way.
    if (exit.kind === 'lost') await Promise.race([aborted(connection), sleep(lossGraceMs)]);
    if (exit.kind === 'lost') return this.#lose(connection.aborted ? abortText(connection) : exit.reason);
    this.#stdout.end();
    this.#stderr.end();
    this.stdin.close(noLongerReads(where));
    this.#resolveExit(exit);
  }

  #lose(reason: string): void {
    const error = connectionLost(this.#options.where, reason);
    this.#stdout.fail(error);
    this.#stderr.fail(error);
    this.#stop(error, reason);
  }

  #abort(reason: unknown): void {
    this.#stdout.drop(reason);
    this.#stderr.drop(reason);
    this.#stop(reason, reason instanceof Error ? reason.message : 'aborted');
  }

  /** The channel closes when the client is gone. It has nothing to tidy up. */
  #stop(error: unknown, reason: string): void {
    this.stdin.close(error);
    this.#child.kill('SIGKILL');
    this.#resolveExit({ kind: 'lost', reason });
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  else signal.addEventListener('abort', () => resolve(), { once: true });
  return promise;
}

function noLongerReads(where: string): UserError {
  return new UserError('command-failed', `the command on ${where} no longer reads its input`);
}
