import { setTimeout as sleep } from 'node:timers/promises';
import { CommanderError } from 'commander';
import { UserError } from '../user-error.ts';
import { hasTerminal } from './controlling-terminal.ts';
import { EXIT_STATUS, exitStatusOfError } from './exit-status.ts';
import { runProgram } from './program.ts';
import { keepHeapSmall } from './small-heap.ts';
import { processSurroundings } from './surroundings.ts';
import { errorText } from './view/error-text.ts';

/** Runs pvebak with this process's arguments and sets the exit status. */
export async function main(): Promise<void> {
  keepHeapSmall();
  const interrupt = interruptSignal();
  const noticed = noticeEarlyEnd();
  outliveReaders();
  try {
    process.exitCode = await runProgram(process.argv.slice(2), processSurroundings(interrupt));
  } catch (error) {
    process.exitCode = statusOf(error, interrupt.aborted);
    if (!(error instanceof CommanderError)) process.stderr.write(errorText(error));
  } finally {
    noticed();
  }
  await sleep(COMPILERS_END_MS);
}

/**
 * Node can hang at its end when V8 compiles in a thread just then (https://github.com/nodejs/node/issues/54918), and a run that
 * never ends keeps a timer from starting the next. Compiling what was hot takes less than this, and nothing is hot meanwhile.
 */
const COMPILERS_END_MS = 30;

/** Whoever read the output has gone, a pager or a terminal: what was begun goes on, and the exit status tells of it. */
function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}

/** A process that waits for what can't come ends by itself, with status 0: that must not look like success. */
function noticeEarlyEnd(): () => void {
  const notice = () => {
    process.exitCode = EXIT_STATUS.failed;
    process.stderr.write(errorText(new Error('the program ended in the middle of its work')));
  };
  process.once('beforeExit', notice);
  return () => process.removeListener('beforeExit', notice);
}

/**
 * The first interrupt ends politely; the second leaves at once. The SIGHUP of a terminal that went away is none: the run
 * goes on, and its output is lost (`outliveReaders`).
 */
function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  const hadTerminal = hasTerminal();
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(EXIT_STATUS.interrupted);
    controller.abort(new UserError('interrupted', 'interrupted'));
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  process.on('SIGHUP', () => {
    if (!hadTerminal) interrupt();
    else setTimeout(() => hasTerminal() && interrupt(), TERMINAL_GONE_MS);
  });
  return controller.signal;
}

/** The signal may come a moment before the kernel has taken the terminal from all its processes. */
const TERMINAL_GONE_MS = 100;

function statusOf(error: unknown, interrupted: boolean): number {
  if (interrupted) return EXIT_STATUS.interrupted;
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_STATUS.done : EXIT_STATUS.failed;
  return error instanceof UserError ? exitStatusOfError(error.code) : EXIT_STATUS.failed;
}
