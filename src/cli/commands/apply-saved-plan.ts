import { idOf } from '../../apply/planned-item.ts';
import type { HostEntry, Site } from '../../config/site.ts';
import { CLOCK_TOLERANCE_MS } from '../../plan/judge-freshness.ts';
import { type PlannedAction, plannedActions, withoutActions } from '../../plan/planned-actions.ts';
import { checkPreconditions, type PreconditionVerdict } from '../../plan/saved/check-preconditions.ts';
import { type PresentMoment, presentMoment } from '../../plan/saved/present-moment.ts';
import { UserError } from '../../user-error.ts';
import { carryOut, type RefusedAction } from '../carry-out.ts';
import { exitStatusOfProblems } from '../exit-status.ts';
import { gatherFacts } from '../gather-facts.ts';
import { openNamedSite, openRepositories } from '../open-site.ts';
import type { PlanFile, SavedHost } from '../saved/plan-file.ts';
import { loadSavedPlan, type SavedPlan } from '../saved/saved-plan.ts';
import type { Surroundings } from '../surroundings.ts';
import { renderPlanText } from '../view/plan-text.ts';
import { formatMoment } from '../view/quantities.ts';
import { terminalSafe } from '../view/terminal-safe.ts';
import type { ApplyCommandOptions } from './apply-command.ts';
import { textWidth } from './plan-command.ts';

/**
 * Carries out a saved plan, as it is. What it says was looked at when it was made, so that nothing is asked; an action
 * whose preconditions do not hold any more is refused, the others are carried out. From its site file come ways in and
 * secrets, and nothing else.
 */
export async function applySavedPlan(
  path: string,
  options: ApplyCommandOptions,
  surroundings: Surroundings,
): Promise<number> {
  refuseChoices(options);
  const saved = await loadSavedPlan(path);
  const { file } = saved;
  checkApproval(saved, options.digest, path);
  checkValidity(file, path, surroundings);
  if (!options.json) show(path, saved, options, surroundings);
  const actions = plannedActions(file.plan);
  if (actions.length === 0) return exitStatusOfProblems(file.plan);
  const site = await openSiteOf(file, options.site, surroundings);
  const opening = await openRepositories(site, surroundings);
  const facts = await gatherFacts(site, opening, surroundings);
  const repositories = await opening.opened;
  const refused = refusedActions(actions, file, presentMoment(site, facts));
  const left = withoutActions(file.plan, new Set(refused.map(({ action }) => action)));
  const { parallel, json } = options;
  return carryOut(
    left,
    { site, facts, repositories },
    { parallel, json, refused, whole: file.plan },
    surroundings,
  );
}

/** What chooses a part of a plan is for making one. */
function refuseChoices(options: ApplyCommandOptions): void {
  const given = (['restore', 'allow', 'limit', 'policy', 'guest', 'exclude'] as const).find(
    (name) => options[name].length > 0,
  );
  if (given !== undefined)
    throw new UserError('usage', `a saved plan is carried out as it is: --${given} has no place here`, {
      hint: 'leave it out, or make the plan anew with it',
    });
}

/** @throws UserError `usage` when it is another plan than the one that was approved */
function checkApproval({ sha256 }: SavedPlan, digest: string | undefined, path: string): void {
  if (digest === undefined || digest === sha256) return;
  throw new UserError('usage', `${path} is not the plan that was approved: its digest is ${sha256}`, {
    hint: `look at it with pvebak show ${path}`,
  });
}

/** @throws UserError `stale-plan` */
function checkValidity({ plan, header, validUntil }: PlanFile, path: string, { clock }: Surroundings): void {
  const now = clock();
  if (now >= validUntil)
    throw new UserError(
      'stale-plan',
      `${path} was valid until ${formatMoment(validUntil, header.timeZone)}`,
      {
        hint: 'nothing was done; make the plan anew',
      },
    );
  if (plan.madeAt > now + CLOCK_TOLERANCE_MS)
    throw new UserError(
      'stale-plan',
      `${path} was made at ${formatMoment(plan.madeAt, header.timeZone)}, which is still to come by the clock of this machine`,
      { hint: 'nothing was done; put right the clock that is wrong' },
    );
}

function show(
  path: string,
  saved: SavedPlan,
  { verbose }: ApplyCommandOptions,
  { stdout, colour }: Surroundings,
): void {
  const { plan, header, validUntil } = saved.file;
  const title = `pvebak apply ${path}, made by: ${header.title}`;
  const text = renderPlanText(
    plan,
    { ...header, title },
    { colour, width: textWidth(stdout), verbose, saved: { sha256: saved.sha256, validUntil } },
  );
  stdout.write(`${text}\n`);
}

/** The entries that the plan needs, each with the settings that were so when it was made. */
async function openSiteOf(
  { site: name, hosts, repositories }: PlanFile,
  elsewhere: string | undefined,
  surroundings: Surroundings,
): Promise<Site> {
  const { site, name: found } = await openNamedSite(elsewhere ?? name.file, surroundings, { trust: 'all' });
  if (found.sha256 !== name.sha256)
    surroundings.stderr.write(
      `${terminalSafe(`pvebak: ${found.file} has changed since the plan was made; only its ways in and secrets are taken`)}\n`,
    );
  return {
    ...site,
    hosts: new Map(
      [...hosts].flatMap(([host, settings]) => {
        const entry = site.hosts.get(host);
        return entry === undefined ? [] : [[host, withSettings(entry, settings)] as const];
      }),
    ),
    repositories: new Map([...site.repositories].filter(([repository]) => repositories.has(repository))),
    backups: [],
    restores: [],
  };
}

function withSettings(
  entry: HostEntry,
  { dumpDir, backupCompression, cleanup, vzdump }: SavedHost,
): HostEntry {
  return { ...entry, dumpDir, backupCompression, cleanup, vzdump };
}

function refusedActions(
  actions: readonly PlannedAction[],
  { preconditions, hosts, repositories }: PlanFile,
  now: PresentMoment,
): readonly RefusedAction[] {
  return actions.flatMap((action) => {
    const verdict = checkPreconditions(preconditions.get(idOf(action)), { hosts, repositories }, now);
    return verdict.kind === 'holds' ? [] : [{ action, outcome: outcomeOf(verdict) }];
  });
}

function outcomeOf(verdict: Exclude<PreconditionVerdict, { kind: 'holds' }>): RefusedAction['outcome'] {
  return verdict.kind === 'stale'
    ? verdict
    : { kind: 'unreachable', reason: verdict.reason, hint: undefined, left: [] };
}
