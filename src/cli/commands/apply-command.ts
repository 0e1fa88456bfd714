import { type ItemResult, runPlan } from '../../apply/run-plan.ts';
import type { Site } from '../../config/site.ts';
import type { Facts } from '../../plan/facts.ts';
import { makePlan } from '../../plan/make-plan.ts';
import type { Plan } from '../../plan/plan.ts';
import { plannedActions } from '../../plan/planned-actions.ts';
import type { Repository } from '../../repository/repository.ts';
import { UserError } from '../../user-error.ts';
import { applyPorts } from '../apply-ports.ts';
import { confirm } from '../confirm.ts';
import { EXIT_STATUS, exitStatusOfRun } from '../exit-status.ts';
import { gatherFacts } from '../gather-facts.ts';
import { openSite, openSiteRepositories } from '../open-site.ts';
import type { Surroundings } from '../surroundings.ts';
import { chooseApplyView } from '../view/apply-view.ts';
import { planHeader } from '../view/plan-header.ts';
import { renderPlanText } from '../view/plan-text.ts';
import { runSummary } from '../view/run-summary.ts';
import { textWidth } from './plan-command.ts';

export interface ApplyCommandOptions {
  readonly yes: boolean;
  readonly allow: readonly string[];
  readonly restore: readonly string[];
  readonly parallel: number;
  readonly json: boolean;
  readonly verbose: boolean;
}

/** Makes the plan, shows it, asks where that is needed, and carries it out. */
export async function applyCommand(
  file: string,
  options: ApplyCommandOptions,
  surroundings: Surroundings,
): Promise<number> {
  const site = await openSite(file, surroundings);
  const repositories = await openSiteRepositories(site, surroundings);
  const facts = await gatherFacts(site, repositories, surroundings);
  const whole = makePlan(site, facts, { restoreNames: options.restore });
  if (!options.json) showPlan(whole, site, facts, { file, verbose: options.verbose }, surroundings);
  const plan = allowedPart(whole, options, surroundings);
  if (plannedActions(plan).length === 0)
    return plan.problems.length > 0 ? EXIT_STATUS.incomplete : EXIT_STATUS.done;
  await consent(plan, options, surroundings);
  return carryOut(plan, { site, facts, repositories }, options, surroundings);
}

function showPlan(
  plan: Plan,
  site: Site,
  facts: Facts,
  { file, verbose }: { file: string; verbose: boolean },
  { stdout, colour, timeZone }: Surroundings,
): void {
  stdout.write(
    `${renderPlanText(plan, planHeader(site, facts, { title: `pvebak apply ${file}`, timeZone }), { colour, width: textWidth(stdout), verbose })}\n`,
  );
}

/** Without a terminal nothing is forgotten unless that is allowed: `--yes` alone does not. */
function allowedPart(plan: Plan, options: ApplyCommandOptions, { stdout, stderr }: Surroundings): Plan {
  const mayForget = options.allow.includes('forget') || (!options.yes && stdout.isTTY);
  if (plan.forgets.length === 0 || mayForget) return plan;
  stderr.write('pvebak: nothing is forgotten, as --allow forget is not given\n');
  return { ...plan, forgets: [] };
}

/** Overwriting a guest needs `--allow replace`, or the word typed; all else a yes, or `--yes`. */
async function consent(plan: Plan, options: ApplyCommandOptions, surroundings: Surroundings): Promise<void> {
  const replaces = plan.restores.filter(({ replaces: replaced }) => replaced !== undefined);
  if (replaces.length > 0 && !options.allow.includes('replace')) {
    const names = replaces.map(({ to }) => to.vmid).join(', ');
    await confirm(
      `This stops and overwrites ${names}. Type "replace" to go on: `,
      'replace',
      surroundings,
      'give --allow replace',
    );
    return;
  }
  if (!options.yes && replaces.length === 0)
    await confirm('Carry this out? [y/N] ', 'y', surroundings, 'give --yes');
}

export async function carryOut(
  plan: Plan,
  known: {
    readonly site: Site;
    readonly facts: Facts;
    readonly repositories: ReadonlyMap<string, Repository>;
  },
  options: { readonly parallel: number; readonly json: boolean },
  surroundings: Surroundings,
): Promise<number> {
  const { stdout, clock, signal } = surroundings;
  const view = chooseApplyView(plan, { ...options, stdout, clock });
  const ports = applyPorts(known.site, known, surroundings, view.emit);
  let results: readonly ItemResult[];
  try {
    results = await runPlan(plan, ports, { parallel: options.parallel, signal });
  } catch (error) {
    if (signal.aborted) throw new UserError('interrupted', 'interrupted before anything was begun');
    throw error;
  }
  await view.end();
  if (!options.json) stdout.write(runSummary(results));
  return exitStatusOfRun(plan, results, signal.aborted);
}
