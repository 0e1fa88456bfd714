import { verifyProgressText } from './verify-progress-text.ts';
import { shutText, verifyReportText } from './verify-report-text.ts';
import type { VerifyView, VerifyViewOptions } from './verify-view.ts';

const PROGRESS_EVERY_MS = 10_000;

/** Plain lines, for logs: progress every ten seconds, then the report. */
export function verifyLinesView({ stdout, clock, timeZone, colour }: VerifyViewOptions): VerifyView {
  return {
    shut: (name, fault) => stdout.write(shutText(name, fault, colour)),
    begin(name, where) {
      let shown = clock();
      return {
        progress(progress) {
          if (clock() - shown < PROGRESS_EVERY_MS) return;
          shown = clock();
          stdout.write(`  ${name}: ${verifyProgressText(progress)}\n`);
        },
        async end(report) {
          if (report !== undefined)
            stdout.write(verifyReportText({ name, where }, report, { timeZone, colour }));
        },
      };
    },
  };
}
