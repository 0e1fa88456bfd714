import { type Argv, guestCommand, guestSetCommand } from '../pve/commands.ts';
import { formatGuestRef, type GuestRef } from '../pve/guest.ts';
import { mappedNetworkCards } from '../pve/guest-bridges.ts';
import { parseGuestConfig } from '../pve/guest-config.ts';
import { capture } from '../transport/capture.ts';
import type { Shell } from '../transport/shell.ts';
import { UserError } from '../user-error.ts';
import { lookUpVmid } from './look-up-guest.ts';

export interface Finishing {
  readonly target: GuestRef;
  /** 64 hex digits. */
  readonly snapshot: string;
  /** Bridges that are still to be changed, old to new. */
  readonly bridges: ReadonlyMap<string, string>;
  /** Whether it must be made a template. */
  readonly template: boolean;
  readonly start: boolean;
  /** Lines for the description, of what was not restored. */
  readonly remarks: readonly string[];
  readonly shell: Shell;
  readonly signal: AbortSignal;
}

const TIMEOUT_MS = 120_000;
const OWN_LINE = /^pvebak: (?:restored from|not restored:) /;

/**
 * What the tool leaves to be done: bridges, the line that names the snapshot, the template flag, the start. Bridges of a
 * container are set afterwards, as an option of pct restore would bring the old hardware address past `--unique`.
 * @throws UserError: the guest is restored, and the message says what is not done
 */
export async function finishRestore(work: Finishing): Promise<void> {
  try {
    await finish(work);
  } catch (error) {
    if (error instanceof UserError && error.code === 'restore-target') throw error;
    throw unfinished(work, error);
  }
}

async function finish(work: Finishing): Promise<void> {
  const { target } = work;
  const found = await lookUpVmid(work.shell, target.vmid, work.signal);
  const config = parseGuestConfig(target.type, found?.config ?? '');
  const cards = mappedNetworkCards(config.values, work.bridges);
  if (Object.keys(cards).length > 0)
    await run(guestSetCommand(target, cards), work, 'its bridges could not be set');
  await describe(config.description, work);
  if (work.template) await run(guestCommand(target, 'template'), work, 'it could not be made a template');
  if (work.start) await run(guestCommand(target, 'start'), work, 'it could not be started');
}

/** Interrupted, or cut off: the guest is whole, and what was to come after may be missing. */
function unfinished({ target, bridges, template, start, signal }: Finishing, cause: unknown): UserError {
  const missing = [
    ...(bridges.size > 0 ? ['its bridges may be the old ones'] : []),
    'its description may not name the snapshot',
    ...(template ? ['it may not be a template'] : []),
    ...(start ? ['it may not be started'] : []),
  ];
  const reason = cause instanceof Error ? cause.message : String(cause);
  const code = signal.aborted ? 'interrupted' : cause instanceof UserError ? cause.code : 'restore-target';
  return new UserError(
    code,
    `${formatGuestRef(target)} is restored whole, but then ${signal.aborted ? 'it was interrupted' : reason}: ${missing.join(', ')}`,
    { hint: `look with: ${target.type === 'qemu' ? 'qm' : 'pct'} config ${target.vmid}`, cause },
  );
}

/** Adds lines to the description. A guest without them is restored all the same. */
async function describe(description: string, work: Finishing): Promise<void> {
  const kept = description.split('\n').filter((line) => line !== '' && !OWN_LINE.test(line));
  const remarks = work.remarks.map((remark) => `pvebak: not restored: ${remark}`);
  const text = [...kept, ...remarks, `pvebak: restored from ${work.snapshot}`].join('\n');
  const command = guestSetCommand(work.target, { description: text });
  await capture(work.shell, command, { timeoutMs: TIMEOUT_MS }).catch(() => undefined);
}

async function run(command: Argv, { target, shell, signal }: Finishing, what: string): Promise<void> {
  const { stdout, stderr, exit } = await capture(shell, command, { signal, timeoutMs: TIMEOUT_MS });
  if (exit.kind === 'status' && exit.status === 0) return;
  const words = (stderr.trim() || Buffer.from(stdout).toString('utf8').trim()).split('\n').at(-1);
  throw new UserError(
    'restore-target',
    `${formatGuestRef(target)} is restored, but ${what}: ${words || 'the node does not say why'}`,
    { hint: `next: ${command.join(' ')}` },
  );
}
