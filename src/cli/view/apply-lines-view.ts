import type { ItemLabel } from '../../apply/apply-event.ts';
import type { ApplyView } from './apply-view.ts';
import { labelText, outcomeGlyph, outcomeText, progressText, retryText } from './outcome-text.ts';

const PROGRESS_EVERY_MS = 10_000;

/** Plain lines, for logs: begin, progress every ten seconds, end. */
export function applyLinesView(out: { write(text: string): unknown }, clock: () => number): ApplyView {
  const labels = new Map<string, ItemLabel>();
  const shown = new Map<string, number>();
  const line = (item: string, glyph: string, text: string) => {
    const label = labels.get(item);
    out.write(`${glyph} ${label === undefined ? item : labelText(label)}: ${text}\n`);
  };
  return {
    emit(event) {
      switch (event.kind) {
        case 'item-started':
          labels.set(event.item, event.label);
          shown.set(event.item, clock());
          line(event.item, ' ', 'begins');
          return;
        case 'item-waiting':
          line(event.item, ' ', "waits for the node's vzdump lock");
          return;
        case 'item-retrying':
          line(event.item, ' ', retryText(event));
          return;
        case 'item-progress':
          if (clock() - (shown.get(event.item) ?? 0) < PROGRESS_EVERY_MS) return;
          shown.set(event.item, clock());
          line(event.item, ' ', progressText(event.progress));
          return;
        case 'item-refused':
          labels.set(event.item, event.label);
          line(event.item, outcomeGlyph(event.outcome), outcomeText(event.outcome));
          return;
        case 'item-ended':
          line(event.item, outcomeGlyph(event.outcome), outcomeText(event.outcome));
      }
    },
    end: async () => undefined,
  };
}
