/**
 * How a stand-in fails: a text for standard error and an exit status. The status of the real tools means nothing beyond zero or
 * not (an error before the worker starts ends in whatever errno was), so each place names the one that was recorded.
 */
import { isErrno, printIfHeard } from './print.ts';

export class ToolError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode = 255) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Runs a tool to its exit status. Users other than root do not get past the cluster file system, as on a node. */
export async function runTool(tool: (args: readonly string[]) => number | Promise<number>): Promise<void> {
  try {
    if (process.getuid?.() !== 0) throw new ToolError(NOT_ROOT);
    process.exit(await tool(process.argv.slice(2)));
  } catch (error) {
    if (isErrno(error, 'EPIPE')) process.exit(141);
    if (!(error instanceof ToolError)) throw error;
    if (error.message !== '') printIfHeard(2, `${error.message}\n`);
    process.exit(error.exitCode);
  }
}

const NOT_ROOT = [
  'ipcc_send_rec[1] failed: Unknown error -1',
  'ipcc_send_rec[2] failed: Unknown error -1',
  'ipcc_send_rec[3] failed: Unknown error -1',
  'Unable to load access control list: Unknown error -1',
].join('\n');
