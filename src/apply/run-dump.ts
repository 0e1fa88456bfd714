import type { GuestRef } from '../pve/guest.ts';
import type { VzdumpRecord } from '../pve/vzdump-record.ts';
import { wrappedDump } from '../pve/wrapper/dump-script.ts';
import { heartbeat } from '../pve/wrapper/heartbeat.ts';
import type { CommandExit, Shell } from '../transport/shell.ts';
import { UserError } from '../user-error.ts';
import type { ApplyHost } from './apply-host.ts';
import { afterAbort } from './delayed-signal.ts';
import type { DumpStall } from './dump-stall.ts';
import { DumpWatch } from './dump-watch.ts';
import type { WatchedLog } from './watched-dump.ts';
import { wireAnswers } from './wire-answers.ts';

export interface DumpWork<T> {
  readonly guest: GuestRef;
  /** Of vzdump. */
  readonly argv: readonly string[];
  readonly host: Pick<ApplyHost, 'dumpDir' | 'stallTimeoutMs'>;
  readonly log: WatchedLog;
  readonly onRecord: (record: VzdumpRecord) => void;
  /** Reads the stream to its end, or throws why it will not. */
  readonly takeIn: (stream: AsyncIterable<Uint8Array>) => Promise<T>;
  readonly signal: AbortSignal;
}

export interface DumpRun<T> {
  readonly exit: CommandExit;
  readonly taken: Settled<T>;
  /** Whether vzdump was told to end: the intake had failed, the stream had stalled, or the wrapper did not hear of us. */
  readonly givenUp: boolean;
}

export type Settled<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'failed'; readonly error: unknown };

/** Between a broken stream and the end of vzdump: time for its log to say why. */
const LAST_WORDS_MS = 3_000;
/** What the wrapper on the node may take to end vzdump; then the connection is closed all the same. */
const END_WITHIN_MS = 45_000;
/** For a sign of life of a node that sends nothing. */
const ANSWER_WITHIN_MS = 10_000;
const STALL_TIMEOUT_MS = 5 * 60_000;

/**
 * Runs a dump through its wrapper on the node, and ends it through the wrapper when `signal` fires, when the intake has
 * failed, and when the stream stalls. Resolves when the command has ended, however that was.
 * @throws UserError when it cannot be started
 */
export async function runDump<T>(shell: Shell, work: DumpWork<T>): Promise<DumpRun<T>> {
  const { guest, host, log, signal } = work;
  const timeoutMs = host.stallTimeoutMs ?? STALL_TIMEOUT_MS;
  const { silenceSeconds, everyMs } = heartbeatFor(host.stallTimeoutMs);
  const givingUp = new AbortController();
  const enough = AbortSignal.any([signal, givingUp.signal]);
  const wrapped = wrappedDump(work.argv, { guest, dumpDir: host.dumpDir, silenceSeconds });
  const letGo = new AbortController();
  using _late = afterAbort(enough, END_WITHIN_MS, () => letGo.abort(enough.reason));
  const command = await shell.run(wrapped, { signal: letGo.signal, long: true });
  const stalled = Promise.withResolvers<Settled<T>>();
  using watch = new DumpWatch({
    timeoutMs,
    wireAnswers: () => wireAnswers(shell, Math.min(ANSWER_WITHIN_MS, timeoutMs)),
    onStall: (stall) => {
      const error = stallError(stall, shell.where, timeoutMs);
      givingUp.abort(error);
      // Nobody there would hear that it is to end; the node ends the dump when it has heard nothing for as long.
      if (stall === 'wire') letGo.abort(error);
      stalled.resolve({ kind: 'failed', error });
      void stream.return();
    },
  });
  const stream = watch.through(command.stdout);
  const beating = heartbeat(command, { everyMs, signal: enough });
  let unheard: UserError | undefined;
  const onRecord = (record: VzdumpRecord) => {
    watch.heard(record);
    unheard ??= unheardError(record, shell.where);
    work.onRecord(record);
  };
  const logged = log.read(command.stderr, onRecord).catch(() => undefined);
  const taken = await Promise.race([settle(work.takeIn(stream)), stalled.promise]);
  const lastWords = setTimeout(() => givingUp.abort(), LAST_WORDS_MS);
  if (taken.kind === 'done') clearTimeout(lastWords);
  const exit = await command.exit;
  clearTimeout(lastWords);
  await Promise.all([logged, beating]);
  if (unheard !== undefined) return { exit, taken: { kind: 'failed', error: unheard }, givenUp: true };
  return { exit, taken, givenUp: givingUp.signal.aborted };
}

/**
 * How long the wrapper on the node may hear nothing, and how often it is told that we are here. A stall timeout below a
 * minute shortens both, so that no guest's dump is held for longer than the site allows.
 */
export function heartbeatFor(stallTimeoutMs = STALL_TIMEOUT_MS): {
  readonly silenceSeconds: number;
  readonly everyMs: number;
} {
  const silenceSeconds = Math.min(60, Math.max(2, Math.floor(stallTimeoutMs / 1000)));
  return { silenceSeconds, everyMs: (silenceSeconds * 1000) / 6 };
}

function stallError(stall: DumpStall, where: string, timeoutMs: number): UserError {
  const span = `${Math.round(timeoutMs / 1000)} s`;
  if (stall === 'repository')
    return new UserError(
      'repository-write',
      `the repository has taken nothing for ${span}; the dump was ended`,
      {
        hint: 'is its storage reachable, and does it have room? `stall_timeout` of the host says how long is too long',
      },
    );
  if (stall === 'wire')
    return new UserError(
      'host-unreachable',
      `the wire is silent: nothing has come for ${span}, and a question was not answered`,
    );
  const message = `vzdump on ${where} has sent nothing for ${span}, while the node answers; the dump was ended`;
  return new UserError('guest', message, {
    hint: 'does the storage of the guest answer on the node? `stall_timeout` of the host says how long is too long',
  });
}

/** What the wrapper on the node adds to the log when it has heard nothing of us. */
function unheardError(record: VzdumpRecord, where: string): UserError | undefined {
  const [, span] = (record.kind === 'other' && /^pvebak was not heard for (\d+ s)$/.exec(record.text)) || [];
  if (span === undefined) return undefined;
  return new UserError('guest', `${where} has heard nothing of pvebak for ${span} and ended the dump`, {
    hint: 'was this machine asleep, or pvebak stopped? nothing was committed; run again',
  });
}

async function settle<T>(work: Promise<T>): Promise<Settled<T>> {
  try {
    return { kind: 'done', value: await work };
  } catch (error) {
    return { kind: 'failed', error };
  }
}
