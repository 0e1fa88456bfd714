import { makePlan } from '../../plan/make-plan.ts';
import { exitStatusOfPlan } from '../exit-status.ts';
import { gatherFacts } from '../gather-facts.ts';
import { openSite, openSiteRepositories } from '../open-site.ts';
import type { Surroundings } from '../surroundings.ts';
import { planHeader } from '../view/plan-header.ts';
import { renderPlanText } from '../view/plan-text.ts';

export interface PlanOptions {
  readonly verbose: boolean;
  readonly detailedExitcode: boolean;
  /** Restore intents that are named. */
  readonly restore: readonly string[];
}

/** Shows what apply would do. Writes nothing anywhere. */
export async function planCommand(
  file: string,
  options: PlanOptions,
  surroundings: Surroundings,
): Promise<number> {
  const site = await openSite(file, surroundings);
  const repositories = await openSiteRepositories(site, surroundings);
  const facts = await gatherFacts(site, repositories, surroundings);
  const plan = makePlan(site, facts, { restoreNames: options.restore });
  const { stdout, colour, timeZone } = surroundings;
  const header = planHeader(site, facts, { title: `pvebak plan ${file}`, timeZone });
  stdout.write(renderPlanText(plan, header, { colour, width: textWidth(stdout), verbose: options.verbose }));
  return exitStatusOfPlan(plan, { detailed: options.detailedExitcode });
}

/** Columns to fill: the terminal's, at most 100. */
export function textWidth(stdout: NodeJS.WriteStream): number {
  return Math.min(100, Math.max(60, stdout.columns ?? 80));
}
