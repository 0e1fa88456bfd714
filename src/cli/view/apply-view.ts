import type { ApplyEvent } from '../../apply/apply-event.ts';
import type { Plan } from '../../plan/plan.ts';
import { applyJsonView } from './apply-json-view.ts';
import { applyLinesView } from './apply-lines-view.ts';
import { applyTerminalView } from './apply-terminal-view.ts';

/** Shows what happens; `end` resolves when all is shown. */
export interface ApplyView {
  readonly emit: (event: ApplyEvent) => void;
  end(): Promise<void>;
}

/** Three renderings of the same events: a live list on a terminal, plain lines without one, or JSON lines. */
export function chooseApplyView(
  plan: Plan,
  options: {
    readonly json: boolean;
    readonly parallel: number;
    readonly stdout: NodeJS.WriteStream;
    readonly clock: () => number;
  },
): ApplyView {
  if (options.json) return applyJsonView(options.stdout, options.clock);
  return options.stdout.isTTY
    ? applyTerminalView(plan, options.parallel)
    : applyLinesView(options.stdout, options.clock);
}
