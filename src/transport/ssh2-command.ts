import type { Client, ClientChannel } from 'ssh2';
import { UserError } from '../user-error.ts';
import { abortText, connectionLost } from './connection-lost.ts';
import { Inlet } from './inlet.ts';
import { Outlet } from './outlet.ts';
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
    else resolve(attach(channel, options));
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

function attach(channel: ClientChannel, options: Ssh2CommandOptions): RunningCommand {
  const { where, connection, signal } = options;
  keepOpenForTheStatus(channel);
  const stdout = new Inlet(channel);
  const stderr = new Inlet(channel.stderr);
  const stdin = new Outlet(channel, () => noLongerReads(where));
  const { promise: exit, resolve } = Promise.withResolvers<CommandExit>();
  let status: CommandExit | undefined;
  const settle = (value: CommandExit, error: unknown) => {
    stdin.close(error);
    signal?.removeEventListener('abort', onAbort);
    connection.removeEventListener('abort', onLost);
    resolve(value);
  };
  const fail = (reason: string) => {
    const error = connectionLost(where, reason);
    for (const inlet of [stdout, stderr]) inlet.fail(error);
    settle({ kind: 'lost', reason }, error);
  };
  const onLost = () => fail(abortText(connection));
  const onAbort = () => {
    for (const inlet of [stdout, stderr]) inlet.drop(signal?.reason);
    channel.close();
    settle({ kind: 'lost', reason: signal === undefined ? 'aborted' : abortText(signal) }, signal?.reason);
  };
  channel.on('exit', (code: number | null, name?: string) => {
    status = code === null ? { kind: 'signal', signal: name ?? 'SIGKILL' } : { kind: 'status', status: code };
  });
  const closed = new Promise<void>((done) => channel.on('close', () => done()));
  void Promise.all([closed, stdout.complete, stderr.complete]).then(() => {
    if (status === undefined) return fail('the command ended without a status');
    for (const inlet of [stdout, stderr]) inlet.end();
    settle(status, noLongerReads(where));
  });
  signal?.addEventListener('abort', onAbort, { once: true });
  connection.addEventListener('abort', onLost, { once: true });
  return { stdout: stdout.bytes, stderr: stderr.bytes, stdin, exit };
}

/**
 * A Node stream destroys itself once both its directions have ended, and ssh2 takes that for a request to close the
 * channel: the exit status, which may come after the end of file, would then be lost.
 */
function keepOpenForTheStatus(channel: ClientChannel): void {
  channel.destroy = () => channel;
}

function noLongerReads(where: string): UserError {
  return new UserError('command-failed', `the command on ${where} no longer reads its input`);
}
