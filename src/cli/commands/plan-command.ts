import type { PartOptions } from '../choose-part.ts';
import { exitStatusOfPlan } from '../exit-status.ts';
import { encodeSitePlan, makeSitePlan } from '../make-site-plan.ts';
import { writePrivateFile } from '../saved/write-private-file.ts';
import type { Surroundings } from '../surroundings.ts';
import { renderPlanMarkdown } from '../view/plan-markdown.ts';
import { renderPlanText } from '../view/plan-text.ts';

export interface PlanOptions extends PartOptions {
  readonly verbose: boolean;
  readonly detailedExitcode: boolean;
  /** Restore intents that are named. */
  readonly restore: readonly string[];
  /** Guests whose snapshots no brake for numbers holds: `forget=qemu/101`. */
  readonly allow: readonly string[];
  /** How many nodes apply will work on at once. */
  readonly parallel: number;
  /** Where the plan is saved. */
  readonly out?: string;
  /** A file of recorded facts. */
  readonly facts?: string;
  readonly json: boolean;
  readonly markdown: boolean;
}

/** Shows what apply would do. Writes nothing anywhere but the file that it is told to. */
export async function planCommand(
  file: string,
  options: PlanOptions,
  surroundings: Surroundings,
): Promise<number> {
  const { out, json, markdown, verbose, detailedExitcode } = options;
  const made = await makeSitePlan(file, { ...options, part: options, command: 'plan' }, surroundings);
  const encoded = json || out !== undefined ? encodeSitePlan(made, surroundings) : undefined;
  if (out !== undefined && encoded !== undefined) await writePrivateFile(out, encoded.text);
  const { stdout, colour } = surroundings;
  const saved = out === undefined ? undefined : encoded;
  if (json) stdout.write(encoded?.text ?? '');
  else if (markdown) stdout.write(renderPlanMarkdown(made.plan, made.header, { verbose, saved }));
  else
    stdout.write(
      renderPlanText(made.plan, made.header, { colour, width: textWidth(stdout), verbose, saved }),
    );
  return exitStatusOfPlan(made.plan, { detailed: detailedExitcode });
}

/** Columns to fill: the terminal's, at most 100. */
export function textWidth(stdout: NodeJS.WriteStream): number {
  return Math.min(100, Math.max(60, stdout.columns ?? 80));
}
