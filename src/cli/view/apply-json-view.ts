import type { ApplyView } from './apply-view.ts';

const PROGRESS_EVERY_MS = 1_000;

/** One JSON object a line: the events as they are, with the time. Progress of an item at most once a second. */
export function applyJsonView(out: { write(text: string): unknown }, clock: () => number): ApplyView {
  const shown = new Map<string, number>();
  return {
    emit(event) {
      const now = clock();
      if (event.kind === 'item-progress') {
        if (now - (shown.get(event.item) ?? 0) < PROGRESS_EVERY_MS) return;
        shown.set(event.item, now);
      }
      out.write(`${JSON.stringify({ time: new Date(now).toISOString(), ...event })}\n`);
    },
    end: async () => undefined,
  };
}
