import { Listr } from 'listr2';
import type { VerifyReport } from '../../verify/verify-report.ts';
import { terminalSafe } from './terminal-safe.ts';
import { verifyProgressText } from './verify-progress-text.ts';
import { shutText, verifyReportText } from './verify-report-text.ts';
import type { VerifyShowing, VerifyView, VerifyViewOptions } from './verify-view.ts';

const REDRAW_MS = 100;

/** A live line for each repository, and its report below. */
export function verifyTerminalView(options: VerifyViewOptions): VerifyView {
  const { stdout, timeZone, colour } = options;
  return {
    shut: (name, fault) => stdout.write(shutText(name, fault, colour)),
    begin(name, where) {
      const live = liveLine(`verify ${name} (${where})`, options.clock);
      return {
        progress: live.progress,
        async end(report) {
          await live.end(report);
          if (report !== undefined)
            stdout.write(verifyReportText({ name, where }, report, { timeZone, colour }));
        },
      };
    },
  };
}

function liveLine(title: string, clock: () => number): VerifyShowing {
  const ended = Promise.withResolvers<VerifyReport | undefined>();
  let show: (text: string) => void = () => undefined;
  let shown = 0;
  let phase: string | undefined;
  const task = async (_: unknown, line: { output: string }) => {
    show = (text) => {
      line.output = text;
    };
    const report = await ended.promise;
    if (report === undefined) throw new Error(`${title}: broken off`);
    if (report.faults.length > 0) throw new Error(`${title}: damaged`);
  };
  const list = new Listr([{ title: terminalSafe(title), task }], {
    exitOnError: false,
    registerSignalListeners: false,
    rendererOptions: { collapseErrors: false, showErrorMessage: true },
  });
  const done = list.run().catch(() => undefined);
  return {
    progress(progress) {
      if (clock() - shown < REDRAW_MS && progress.phase === phase) return;
      shown = clock();
      phase = progress.phase;
      show(verifyProgressText(progress));
    },
    async end(report) {
      ended.resolve(report);
      await done;
    },
  };
}
