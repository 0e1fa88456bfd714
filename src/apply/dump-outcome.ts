import { FormatError } from '../formats/format-error.ts';
import type { DumpVerdict } from '../pve/dump-verdict.ts';
import { explainDumpFailure } from '../pve/tool-failure.ts';
import type { CommandExit } from '../transport/shell.ts';
import { UserError } from '../user-error.ts';

/** What is known once a dump has ended. */
export interface DumpEnd {
  /** `qemu/101` */
  readonly guest: string;
  readonly where: string;
  /** Of vzdump, itself included. */
  readonly argv: readonly string[];
  readonly exit: CommandExit;
  readonly verdict: DumpVerdict;
  readonly streamBytes: number;
  /** What the intake threw; undefined when the stream was whole. */
  readonly intakeError: unknown;
  /** Whether vzdump was told to end, so that its status says nothing of its own. */
  readonly givenUp: boolean;
}

/**
 * Whether a dump counts (DESIGN: status 0, the log says finished, the stream is whole and not empty).
 * @returns why it does not, the cause nearest to the root; undefined when it does
 */
export function dumpFailure(end: DumpEnd): unknown {
  const { guest, where, exit, verdict, intakeError } = end;
  if (exit.kind === 'lost')
    return new UserError(
      'host-unreachable',
      `the connection to ${where} was lost while dumping ${guest}: ${exit.reason}`,
      { hint: 'nothing was committed; run again once the node can be reached' },
    );
  if (end.givenUp && intakeError !== undefined && !isOfStream(intakeError)) return intakeError;
  if (exit.kind === 'signal')
    return new UserError('guest', `vzdump ${guest} on ${where} was ended by the signal ${exit.signal}`);
  if (exit.status === 127)
    return new UserError('command-failed', `there is no vzdump on ${where}`, {
      hint: 'is this a Proxmox VE node, and are its tools in the PATH of this login?',
    });
  if (exit.status !== 0) return failedDump(end);
  if (end.streamBytes === 0) return emptyDump(end);
  if (intakeError instanceof FormatError) {
    return new UserError(
      'stream-broken',
      `the dump of ${guest} is not whole: ${intakeError.message} (at byte ${intakeError.offset} of the stream)`,
      {
        hint: 'nothing was committed; run again, and look at the log of vzdump if it stays so',
        cause: intakeError,
      },
    );
  }
  if (intakeError !== undefined) return intakeError;
  if (!verdict.successful)
    return new UserError(
      'guest',
      `vzdump ${guest} on ${where} ended with status 0, but its log does not say that the job finished`,
    );
  return undefined;
}

function failedDump(end: DumpEnd): UserError {
  const { cause, hint } = explainDumpFailure(end);
  const message = `vzdump ${end.guest} on ${end.where} failed: ${cause}`;
  return new UserError('guest', message, hint === undefined ? {} : { hint });
}

/** A stream that breaks off has its cause on the node, and vzdump tells it better. */
function isOfStream(error: unknown): boolean {
  return error instanceof FormatError || (error instanceof UserError && error.code === 'stream-broken');
}

function emptyDump({ guest, where, verdict }: DumpEnd): UserError {
  if (!verdict.silent)
    return new UserError('stream-broken', `vzdump ${guest} on ${where} ended with status 0 and sent nothing`);
  return new UserError(
    'guest',
    `vzdump ${guest} on ${where} ended with status 0 and sent nothing: the guest is not on this node`,
    {
      hint: 'it may have moved since it was planned; run again, so that it is looked up again',
    },
  );
}
