import type { CommandExit } from '../transport/shell.ts';
import { type DumpVerdict, dumpVerdict } from './dump-verdict.ts';
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
  return explain(run, { words: wordsOf(run), silent: run.stderr.trim() === '' });
}

/** The same for a vzdump whose log was judged while it ran. */
export function explainDumpFailure(run: {
  readonly argv: readonly string[];
  readonly exit: CommandExit;
  readonly verdict: DumpVerdict;
}): ToolFailure {
  const { argv, exit, verdict } = run;
  return explain({ tool: 'vzdump', argv, exit }, { words: verdict.cause, silent: verdict.silent });
}

type Ended = Pick<ToolRun, 'tool' | 'argv' | 'exit'>;

interface Said {
  readonly words: string | undefined;
  /** Nothing was logged. */
  readonly silent: boolean;
}

function explain(run: Ended, said: Said): ToolFailure {
  const cause = causeOf(run, said);
  const category = categoryOf(run, { cause, silent: said.silent });
  const hint = failureHint(category, { argv: run.argv, cause });
  return { category, cause, ...(hint === undefined ? {} : { hint }) };
}

function causeOf({ tool, argv, exit }: Ended, { words, silent }: Said): string {
  if (exit.kind === 'lost') return `the connection was lost: ${exit.reason}`;
  if (words !== undefined) return words;
  if (exit.kind === 'signal') return `ended by the signal ${exit.signal}`;
  if (exit.status === 127) return `there is no ${argv[0] ?? tool}`;
  if (exit.status === 0) return 'it ended with status 0 and said nothing';
  return `status ${exit.status}, ${silent ? 'without a word' : 'and nothing that it said tells why'}`;
}

function categoryOf(
  { tool, exit }: Ended,
  { cause, silent }: { readonly cause: string; readonly silent: boolean },
): FailureCategory {
  if (exit.kind === 'lost') return 'connection-lost';
  if (exit.kind === 'signal') return 'killed';
  if (exit.status === 127) return 'tool-missing';
  if (tool === 'vzdump' && exit.status === 0 && silent) return 'wrong-node';
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
