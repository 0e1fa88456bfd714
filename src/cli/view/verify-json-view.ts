import type { VerifyView } from './verify-view.ts';

const PROGRESS_EVERY_MS = 1_000;

/** One JSON object a line: progress at most once a second, then the report with every blob and snapshot. */
export function verifyJsonView(out: { write(text: string): unknown }, clock: () => number): VerifyView {
  const write = (repository: string, event: object) =>
    out.write(`${JSON.stringify({ time: new Date(clock()).toISOString(), repository, ...event })}\n`);
  return {
    shut: (name, fault) => write(name, { kind: 'shut', code: fault.code, reason: fault.message }),
    begin(name, where) {
      let shown = clock();
      write(name, { kind: 'begun', where });
      return {
        progress(progress) {
          if (clock() - shown < PROGRESS_EVERY_MS) return;
          shown = clock();
          write(name, { kind: 'progress', ...progress });
        },
        async end(report) {
          if (report !== undefined) write(name, { kind: 'verified', ...report });
        },
      };
    },
  };
}
