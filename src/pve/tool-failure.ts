import type { CommandExit } from '../transport/shell.ts';
import { dumpVerdict } from './dump-verdict.ts';
import { type FailureCategory, failureCategory } from './failure-category.ts';
import { failureHint } from './failure-hint.ts';
import { toolComplaint } from './tool-complaint.ts';
import { VzdumpLog } from './vzdump-log.ts';

/** A tool of Proxmox VE that has ended, and what it said. */
export interface ToolRun {
  readonly tool: 'vzdump' | 'qmrestore' | 'pct' | 'qm' | 'pvesh';
  readonly argv: readonly string[];
  readonly exit: CommandExit;
  /** Of vzdump nothing: there it is the archive. */
  readonly stdout: string;
  readonly stderr: string;
}

/** Why a tool failed, as far as its words tell. What it has left on the node is asked there. */
export interface ToolFailure {
  readonly category: FailureCategory;
  /** One line, for the end of a message: `CT is locked (backup)`. */
  readonly cause: string;
  /** What to do about it, one line. */
  readonly hint?: string;
}

/**
 * Explains a failure. To be asked when the status is not 0, and of vzdump also when nothing was sent: the status says
 * no more than zero or not, so it is the text that counts.
 */
export function explainToolFailure(run: ToolRun): ToolFailure {
  const cause = causeOf(run);
  const category = categoryOf(run, cause);
  const hint = failureHint(category, { argv: run.argv, cause });
  return { category, cause, ...(hint === undefined ? {} : { hint }) };
}

function causeOf({ tool, argv, exit, stdout, stderr }: ToolRun): string {
  if (exit.kind === 'lost') return `the connection was lost: ${exit.reason}`;
  const said = wordsOf({ tool, stdout, stderr });
  if (said !== undefined) return said;
  if (exit.kind === 'signal') return `ended by the signal ${exit.signal}`;
  if (exit.status === 127) return `there is no ${argv[0] ?? tool}`;
  return exit.status === 0
    ? 'it ended with status 0 and said nothing'
    : `status ${exit.status}, without a word`;
}

function categoryOf(run: ToolRun, cause: string): FailureCategory {
  const { tool, exit, stderr } = run;
  if (exit.kind === 'lost') return 'connection-lost';
  if (exit.kind === 'signal') return 'killed';
  if (exit.status === 127) return 'tool-missing';
  if (tool === 'vzdump' && exit.status === 0 && stderr.trim() === '') return 'wrong-node';
  return failureCategory(cause);
}

/** pvesh can run vzdump, too; then its log is among what pvesh prints. */
function wordsOf({ tool, stdout, stderr }: Pick<ToolRun, 'tool' | 'stdout' | 'stderr'>): string | undefined {
  if (tool === 'vzdump') return vzdumpCause(stderr);
  const printed = `${stdout}\n${stderr}`;
  const isDump = tool === 'pvesh' && /^INFO: starting new backup job: /m.test(printed);
  return isDump ? vzdumpCause(printed) : toolComplaint({ stdout, stderr });
}

function vzdumpCause(text: string): string | undefined {
  const log = new VzdumpLog();
  return dumpVerdict([...log.push(Buffer.from(text)), ...log.end()]).cause;
}
