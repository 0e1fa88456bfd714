import type { VzdumpRecord } from './vzdump-record.ts';

/** What vzdump's log as a whole says. Its exit status and the archive itself are asked separately. */
export interface DumpVerdict {
  /** The log says that the job finished successfully. An empty log does not: on the wrong node nothing is said at all. */
  readonly successful: boolean;
  /** Nothing was logged. */
  readonly silent: boolean;
  readonly warnings: readonly string[];
  /** The line that says most about why it failed; absent when it was successful or nothing says why. */
  readonly cause?: string;
  /** The last that was heard is that it waits for the node's vzdump lock. */
  readonly waitingForLock: boolean;
}

/** May be asked at any time, also of a log that still grows. */
export function dumpVerdict(records: readonly VzdumpRecord[]): DumpVerdict {
  const end = records.findLast((record) => record.kind === 'job-finished');
  const failed = records.some((record) => record.kind === 'failed' || record.kind === 'job-failed');
  const successful = end?.kind === 'job-finished' && end.successfully && !failed;
  const cause = successful ? undefined : causeOf(records);
  return {
    successful,
    silent: records.length === 0,
    warnings: records.flatMap((record) => (record.kind === 'warning' ? [record.text] : [])),
    ...(cause === undefined ? {} : { cause: shortened(cause) }),
    waitingForLock: isWaiting(records),
  };
}

function isWaiting(records: readonly VzdumpRecord[]): boolean {
  const last = records.findLast(
    ({ kind }) =>
      kind === 'waiting-for-lock' || kind === 'got-lock' || kind === 'started' || kind === 'error',
  );
  return last?.kind === 'waiting-for-lock';
}

/** The guest's failure before the job's, that before a bare error, and last the words nobody prefixed. */
function causeOf(records: readonly VzdumpRecord[]): string | undefined {
  const failed = records.find((record) => record.kind === 'failed' || record.kind === 'job-failed');
  if (failed?.kind === 'failed' || failed?.kind === 'job-failed') return explained(failed.cause, records);
  const error = records.find((record) => record.kind === 'error');
  if (error?.kind === 'error') return error.text;
  if (records.some((record) => record.kind === 'started')) return 'its log ends before the dump does';
  const words = records.flatMap((record) =>
    record.kind === 'other' && !saysNothing(record.text) ? [record.text] : [],
  );
  return words.at(-1);
}

/** vzdump quotes whole command lines, of tar for instance, and what the command itself had to say is a line of its own. */
function explained(cause: string, records: readonly VzdumpRecord[]): string {
  const [, command = '', how] = /^command '(?:set -o pipefail && )?(.*)' failed: (.*)$/s.exec(cause) ?? [];
  if (how === undefined) return cause;
  const tool = /^qm \w+/.exec(command)?.[0] ?? command.split(' ', 1)[0];
  const said = records.findLast((record) => record.kind === 'other-info' && / failed - /.test(record.text));
  return `${tool} failed: ${how}${said?.kind === 'other-info' ? ` (${said.text})` : ''}`;
}

/** Ends, headings and usage lines that surround the reason. */
function saysNothing(text: string): boolean {
  return /^(job errors|400 .*|vzdump \{?<.*|trying to acquire lock.*| *OK|Task finished .*|got unexpected control message.*)$/.test(
    text,
  );
}

const shownLength = 300;

function shortened(cause: string): string {
  return cause.length <= shownLength
    ? cause
    : `${cause.slice(0, shownLength / 2)} … ${cause.slice(-shownLength / 2)}`;
}
