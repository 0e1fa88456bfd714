import type { ChalkInstance } from 'chalk';
import type { UserError } from '../../user-error.ts';
import type { VerifyProgress, VerifyReport } from '../../verify/verify-report.ts';
import { verifyJsonView } from './verify-json-view.ts';
import { verifyLinesView } from './verify-lines-view.ts';
import { verifyTerminalView } from './verify-terminal-view.ts';

/** Shows how repositories are verified, one after the other. */
export interface VerifyView {
  /** One that is too damaged to be opened, or cannot be read. */
  shut(name: string, fault: UserError): void;
  begin(name: string, where: string): VerifyShowing;
}

export interface VerifyShowing {
  readonly progress: (progress: VerifyProgress) => void;
  /** Resolves when all is shown; undefined when it was broken off. */
  end(report: VerifyReport | undefined): Promise<void>;
}

export interface VerifyViewOptions {
  readonly json: boolean;
  readonly stdout: NodeJS.WriteStream;
  readonly clock: () => number;
  readonly timeZone: string;
  readonly colour: ChalkInstance;
}

/** Three renderings of the same: live on a terminal, plain lines without one, or JSON lines. */
export function chooseVerifyView(options: VerifyViewOptions): VerifyView {
  if (options.json) return verifyJsonView(options.stdout, options.clock);
  return options.stdout.isTTY ? verifyTerminalView(options) : verifyLinesView(options);
}
