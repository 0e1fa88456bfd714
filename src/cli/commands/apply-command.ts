import { isNamedIntent } from '../../plan/intent-names.ts';
import type { Plan } from '../../plan/plan.ts';
import { plannedActions } from '../../plan/planned-actions.ts';
import { UserError } from '../../user-error.ts';
import { carryOut } from '../carry-out.ts';
import type { PartOptions } from '../choose-part.ts';
import { confirm } from '../confirm.ts';
import { exitStatusOfProblems } from '../exit-status.ts';
import { makeSitePlan, type SitePlan } from '../make-site-plan.ts';
import { isSavedPlan } from '../saved/saved-plan.ts';
import type { Surroundings } from '../surroundings.ts';
import { renderPlanText } from '../view/plan-text.ts';
import { applySavedPlan } from './apply-saved-plan.ts';
import { textWidth } from './plan-command.ts';

export interface ApplyCommandOptions extends PartOptions {
  readonly yes: boolean;
  readonly allow: readonly string[];
  readonly restore: readonly string[];
  readonly parallel: number;
  readonly json: boolean;
  readonly verbose: boolean;
  /** Of the saved plan that may be carried out, and no other. */
  readonly digest?: string;
  /** Of a saved plan: where its site file is now. */
  readonly site?: string;
}

/** Makes the plan, shows it, asks where that is needed, and carries it out; or carries out one that was saved. */
export async function applyCommand(
  file: string,
  options: ApplyCommandOptions,
  surroundings: Surroundings,
): Promise<number> {
  if (await isSavedPlan(file)) return applySavedPlan(file, options, surroundings);
  if (options.digest !== undefined || options.site !== undefined)
    throw new UserError('usage', `${file} is no saved plan: --digest and --site are for those`, {
      hint: `make one with: pvebak plan ${file} --out plan.json`,
    });
  const made = await makeSitePlan(file, { ...options, part: options, command: 'apply' }, surroundings);
  if (!options.json) showPlan(made, options, surroundings);
  const plan = allowedPart(made.plan, options, surroundings);
  if (plannedActions(plan).length === 0) return exitStatusOfProblems(plan);
  await consent(plan, options, surroundings);
  return carryOut(plan, made, options, surroundings);
}

function showPlan(
  { plan, header }: SitePlan,
  { verbose }: ApplyCommandOptions,
  { stdout, colour }: Surroundings,
): void {
  stdout.write(`${renderPlanText(plan, header, { colour, width: textWidth(stdout), verbose })}\n`);
}

/**
 * Without a terminal nothing is forgotten, pruned or overwritten unless that is allowed: `--yes` alone does not. What is named to be
 * overwritten is asked for: that stays, and then fails for want of consent.
 */
function allowedPart(plan: Plan, options: ApplyCommandOptions, { stdout, stderr }: Surroundings): Plan {
  if (!options.yes && stdout.isTTY) return plan;
  const { allow, restore } = options;
  const mayForget = allow.some((what) => what === 'forget' || what.startsWith('forget='));
  const unasked = plan.restores.filter(
    ({ replaces, intent }) => replaces !== undefined && !isNamedIntent(intent, restore),
  );
  const isLeft = allow.includes('replace') ? [] : unasked;
  if (plan.forgets.length > 0 && !mayForget)
    stderr.write('pvebak: nothing is forgotten, as --allow forget is not given\n');
  const mayPrune = allow.includes('prune');
  if (plan.prunes.length > 0 && !mayPrune)
    stderr.write('pvebak: nothing is pruned, as --allow prune is not given\n');
  if (isLeft.length > 0)
    stderr.write(
      `pvebak: nothing is overwritten, as --allow replace is not given: ${isLeft.map(({ intent }) => intent).join(', ')}\n`,
    );
  return {
    ...plan,
    forgets: mayForget ? plan.forgets : [],
    prunes: mayPrune ? plan.prunes : [],
    restores: plan.restores.filter((action) => !isLeft.includes(action)),
  };
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
