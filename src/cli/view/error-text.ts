import { SiteFileError } from '../../config/site-file-error.ts';
import { UserError } from '../../user-error.ts';
import { renderSiteProblems } from './site-problems.ts';
import { terminalSafe } from './terminal-safe.ts';

/** An error as the user reads it. Bugs keep their stack. */
export function errorText(error: unknown): string {
  if (error instanceof SiteFileError) return renderSiteProblems(error);
  if (error instanceof UserError) {
    const hint =
      error.hint === undefined ? '' : `\n  ${error.hint.split('\n').map(terminalSafe).join('\n  ')}`;
    return `pvebak: ${terminalSafe(error.message)}${hint}\n`;
  }
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `pvebak: this is a bug; please report it with the text below\n${trace.split('\n').map(terminalSafe).join('\n')}\n`;
}
