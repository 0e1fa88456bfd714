import type { Client, ClientChannel } from 'ssh2';
import { UserError } from '../user-error.ts';
import { abortText, connectionLost } from './connection-lost.ts';
import { Inlet } from './inlet.ts';
import { Outlet } from './outlet.ts';
import { renewWindow } from './renew-window.ts';
import type { CommandExit, RunningCommand } from './shell.ts';

export interface Ssh2CommandOptions {
  readonly where: string;
  /** Aborts with the reason when the connection is gone. */
  readonly connection: AbortSignal;
  readonly signal: AbortSignal | undefined;
}

/** Starts a command, given as one line for the far shell, on a channel of its own. */
export function startSsh2Command(
  client: Client,
  line: string,
  options: Ssh2CommandOptions,
): Promise<RunningCommand> {
  const { promise, resolve, reject } = Promise.withResolvers<RunningCommand>();
  const { where, connection, signal } = options;
  const onAbort = () => reject(signal?.reason);
  const onLost = () => reject(lostError(options));
  const settle = () => {
    signal?.removeEventListener('abort', onAbort);
    connection.removeEventListener('abort', onLost);
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  connection.addEventListener('abort', onLost, { once: true });
  const opened = (error: Error | undefined, channel: ClientChannel) => {
    settle();
    if (error !== undefined) reject(notStarted(where, error));
    else if (signal?.aborted) channel.close();
    // The channel's first events may follow at once, so it is attached to before anything else runs.
    else resolve(new ChannelCommand(channel, options));
  };
  try {
    client.exec(line, opened);
  } catch (error) {
    settle();
    reject(connection.aborted ? lostError(options) : notStarted(where, error));
  }
  return promise;
}

function lostError({ where, connection }: Ssh2CommandOptions): UserError {
  return connectionLost(where, abortText(connection));
}

function notStarted(where: string, cause: unknown): UserError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new UserError('command-failed', `${where} does not start another command: ${reason}`, {
    hint: 'sshd allows MaxSessions commands (10 by default) on one connection.',
    cause,
  });
}

class ChannelCommand implements RunningCommand {
  readonly stdin: Outlet;
  readonly exit: Promise<CommandExit>;
  readonly #stdout: Inlet;
  readonly #stderr: Inlet;
  readonly #options: Ssh2CommandOptions;
  readonly #resolveExit: (exit: CommandExit) => void;
  #status: CommandExit | undefined;

  constructor(channel: ClientChannel, options: Ssh2CommandOptions) {
    keepOpenForTheStatus(channel);
    this.#options = options;
    this.#stdout = new Inlet(channel);
    renewWindow(channel);
    this.#stderr = new Inlet(channel.stderr);
    this.stdin = new Outlet(channel, () => noLongerReads(options.where));
    const { promise, resolve } = Promise.withResolvers<CommandExit>();
    this.exit = promise;
    this.#resolveExit = resolve;
    this.#watchChannel(channel);
    this.#watchSignals(channel);
  }

  get stdout(): AsyncIterable<Uint8Array> {
    return this.#stdout.bytes;
  }

  get stderr(): AsyncIterable<Uint8Array> {
    return this.#stderr.bytes;
  }

  /** The status may come before the last bytes, and the end of file also when the connection breaks: all three count. */
  #watchChannel(channel: ClientChannel): void {
    channel.on('exit', (code: number | null, name?: string) => {
      this.#status =
        code === null ? { kind: 'signal', signal: name ?? 'SIGKILL' } : { kind: 'status', status: code };
    });
    const closed = new Promise<void>((done) => channel.on('close', () => done()));
    void Promise.all([closed, this.#stdout.complete, this.#stderr.complete]).then(() => this.#finish());
  }

  #watchSignals(channel: ClientChannel): void {
    const { signal, connection } = this.#options;
    const onLost = () => this.#lose(abortText(connection));
    const onAbort = () => {
      channel.close();
      this.#abort(signal?.reason);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    connection.addEventListener('abort', onLost, { once: true });
    void this.exit.then(() => {
      signal?.removeEventListener('abort', onAbort);
      connection.removeEventListener('abort', onLost);
    });
  }

  #finish(): void {
    if (this.#status === undefined) {
      this.#lose('the command ended without a status');
    } else {
      this.#stdout.end();
      this.#stderr.end();
      this.stdin.close(noLongerReads(this.#options.where));
      this.#resolveExit(this.#status);
    }
  }

  #lose(reason: string): void {
    const error = connectionLost(this.#options.where, reason);
    this.#stdout.fail(error);
    this.#stderr.fail(error);
    this.stdin.close(error);
    this.#resolveExit({ kind: 'lost', reason });
  }

  #abort(reason: unknown): void {
    this.#stdout.drop(reason);
    this.#stderr.drop(reason);
    this.stdin.close(reason);
    this.#resolveExit({ kind: 'lost', reason: reason instanceof Error ? reason.message : 'aborted' });
  }
}

/**
 * A Node stream destroys itself once both its directions have ended, and ssh2 takes that for a request to close the
 * channel, while the exit status may still be to come. OpenSSH sends it all the same, but nothing promises that.
 */
function keepOpenForTheStatus(channel: ClientChannel): void {
  channel.destroy = () => channel;
}

function noLongerReads(where: string): UserError {
  return new UserError('command-failed', `the command on ${where} no longer reads its input`);
}
