import { EXIT_STATUS } from '../exit-status.ts';
import { loadSavedPlan } from '../saved/saved-plan.ts';
import type { Surroundings } from '../surroundings.ts';
import { renderPlanMarkdown } from '../view/plan-markdown.ts';
import { renderPlanText } from '../view/plan-text.ts';
import { textWidth } from './plan-command.ts';

export interface ShowOptions {
  readonly verbose: boolean;
  readonly json: boolean;
  readonly markdown: boolean;
}

/** Prints a saved plan as `plan` printed it when it was made. */
export async function showCommand(
  path: string,
  { verbose, json, markdown }: ShowOptions,
  { stdout, colour }: Surroundings,
): Promise<number> {
  const { file, sha256, text } = await loadSavedPlan(path);
  const { plan, header, validUntil } = file;
  const saved = { sha256, validUntil };
  if (json) stdout.write(text);
  else if (markdown) stdout.write(renderPlanMarkdown(plan, header, { verbose, saved }));
  else stdout.write(renderPlanText(plan, header, { colour, width: textWidth(stdout), verbose, saved }));
  return EXIT_STATUS.done;
}
