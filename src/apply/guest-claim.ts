import { LogLines } from '../pve/log-lines.ts';
import {
  type ClaimAnswer,
  type ClaimRequest,
  claimCommand,
  parseClaimAnswer,
} from '../pve/wrapper/claim-script.ts';
import { heartbeat } from '../pve/wrapper/heartbeat.ts';
import type { RunningCommand, Shell } from '../transport/shell.ts';
import { UserError } from '../user-error.ts';

export interface ClaimWork<T> extends ClaimRequest {
  /** Milliseconds between two heartbeats. */
  readonly everyMs: number;
  /** Is called while the guest is claimed. */
  readonly claimed: () => Promise<T>;
  /** Is called when another run has it. */
  readonly busy: (answer: Extract<ClaimAnswer, { kind: 'busy' }>) => T;
  readonly signal: AbortSignal;
}

const ANSWER_WITHIN_MS = 60_000;
const GIVEN_BACK_WITHIN_MS = 5_000;

/**
 * Claims a guest on its node while some work is done, and gives it back. What protects the claim is the node; when the
 * connection to it is lost, so is the dump that runs over it.
 * @throws UserError `host-unreachable`; `command-failed` when the node does not know how to claim; the signal's reason
 */
export async function withClaim<T>(shell: Shell, work: ClaimWork<T>): Promise<T> {
  const { everyMs, signal } = work;
  const over = new AbortController();
  const letGo = new AbortController();
  const command = await shell.run(claimCommand(work), { signal: letGo.signal });
  const ended = Promise.all([heartbeat(command, { everyMs, signal: over.signal }), command.exit]);
  try {
    const answer = await answerOf(command, shell.where, signal);
    return answer.kind === 'claimed' ? await work.claimed() : work.busy(answer);
  } finally {
    over.abort();
    const late = setTimeout(
      () => letGo.abort(new Error('the claim was not given back')),
      GIVEN_BACK_WITHIN_MS,
    );
    await ended;
    clearTimeout(late);
  }
}

async function answerOf(command: RunningCommand, where: string, signal: AbortSignal): Promise<ClaimAnswer> {
  const { promise: gone, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  const tooLate = () =>
    reject(new UserError('host-unreachable', `${where} did not say whether the guest is free`));
  const timer = setTimeout(tooLate, ANSWER_WITHIN_MS);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([firstAnswer(command, where), gone]);
  } finally {
    gone.catch(() => undefined);
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

async function firstAnswer({ stdout, stderr }: RunningCommand, where: string): Promise<ClaimAnswer> {
  const words = allLines(stderr).catch(() => []);
  const lines = new LogLines();
  for await (const bytes of stdout) {
    const [line] = lines.push(bytes);
    const answer = line === undefined ? undefined : parseClaimAnswer(line);
    if (answer !== undefined) return answer;
  }
  const reason = (await words).at(-1) ?? 'it did not answer';
  throw new UserError(
    'command-failed',
    `${where} cannot keep other runs from a guest: ${reason.slice(0, 300)}`,
    {
      hint: 'sh, flock, timeout and a writable /run are needed there, as on every Proxmox VE node',
    },
  );
}

async function allLines(stream: AsyncIterable<Uint8Array>): Promise<readonly string[]> {
  const lines = new LogLines();
  const all: string[] = [];
  for await (const bytes of stream) all.push(...lines.push(bytes));
  return [...all, ...lines.end()].slice(-20);
}
