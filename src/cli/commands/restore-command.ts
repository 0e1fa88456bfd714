import type { HostEntry, Site } from '../../config/site.ts';
import type { Facts, GuestSnapshot } from '../../plan/facts.ts';
import { makePlan } from '../../plan/make-plan.ts';
import type { Plan } from '../../plan/plan.ts';
import { parseVmid, type Vmid } from '../../pve/guest.ts';
import { UserError } from '../../user-error.ts';
import { commandLineHost, givenLoginOptions, type LoginOptions } from '../command-line-host.ts';
import { confirm } from '../confirm.ts';
import { EXIT_STATUS } from '../exit-status.ts';
import { gatherFacts } from '../gather-facts.ts';
import { openChoice, type RepositoryChoice } from '../repository-choice.ts';
import type { Surroundings } from '../surroundings.ts';
import { type PlanHeader, planHeader } from '../view/plan-header.ts';
import { renderPlanText } from '../view/plan-text.ts';
import { carryOut } from './apply-command.ts';
import { textWidth } from './plan-command.ts';

export interface RestoreCommandOptions extends RepositoryChoice, LoginOptions {
  /** Name of a host entry, `USER@NODE[:PORT]`, or `local`. */
  readonly to: string;
  readonly vmid: string | undefined;
  readonly storage: string | undefined;
  readonly pool: string | undefined;
  readonly unique: boolean;
  readonly start: boolean;
  /** Allows a guest that has the vmid to be stopped and overwritten. */
  readonly replace: boolean;
  readonly yes: boolean;
  readonly json: boolean;
}

/**
 * Restores one snapshot: a restore intent from the command line instead of the site file. Of the site only the
 * repositories and the target are looked at; without one they come from the command line as well.
 */
export async function restoreCommand(
  snapshotId: string,
  options: RestoreCommandOptions,
  surroundings: Surroundings,
): Promise<number> {
  const { site, repositories } = await openChoice(options, surroundings);
  const host = await targetHost(site, options, surroundings);
  const target = { ...site, hosts: new Map([[host.name, host]]), backups: [], restores: [] };
  const facts = await gatherFacts(target, repositories, surroundings);
  const found = findSnapshot(facts, snapshotId);
  const asked = withIntent(target, found, { ...options, vmid: wantedVmid(options.vmid, found.snapshot) });
  const plan = withoutRest(makePlan(asked, facts, { restoreNames: [INTENT] }), host.name);
  const title = `pvebak restore ${found.snapshot.id.slice(0, 8)} --to ${options.to}`;
  if (!options.json || plan.restores.length === 0)
    showPlan(plan, planHeader(asked, facts, { title, timeZone: surroundings.timeZone }), {
      ...surroundings,
      stdout: options.json ? surroundings.stderr : surroundings.stdout,
    });
  if (plan.restores.length === 0) return EXIT_STATUS.incomplete;
  if (!options.yes) await confirm('Carry this out? [y/N] ', 'y', surroundings, 'give --yes');
  return carryOut(
    plan,
    { site: asked, facts, repositories },
    { parallel: 1, json: options.json },
    surroundings,
  );
}

/** An entry of the site, or one that the command line describes. */
async function targetHost(
  site: Site,
  options: RestoreCommandOptions,
  surroundings: Surroundings,
): Promise<HostEntry> {
  const { to } = options;
  const entry = site.hosts.get(to);
  if (entry === undefined) {
    const host = await commandLineHost(to, options, surroundings);
    if (host !== undefined) return host;
    throw noSuchHost(site, to);
  }
  const [surplus] = givenLoginOptions(options);
  if (surplus !== undefined)
    throw new UserError('usage', `${surplus}: how to log in to ${to} is said in the site file`, {
      hint: 'leave it out, or write --to USER@NODE',
    });
  return options.dumpDir === undefined ? entry : { ...entry, dumpDir: options.dumpDir };
}

function noSuchHost(site: Site, to: string): UserError {
  const names = [...site.hosts.keys()].join(', ');
  return names === ''
    ? new UserError('usage', `--to ${to} is no way into a node`, {
        hint: 'write root@NODE, root@NODE:PORT, or local',
      })
    : new UserError('usage', `the site has no host ${to}`, {
        hint: `it has: ${names}; for another node write root@NODE`,
      });
}

function showPlan(plan: Plan, header: PlanHeader, { stdout, colour }: Surroundings): void {
  stdout.write(`${renderPlanText(plan, header, { colour, width: textWidth(stdout) })}\n`);
}

const INTENT = 'command-line';

interface Found {
  readonly repository: string;
  readonly snapshot: GuestSnapshot;
}

function findSnapshot(facts: Facts, id: string): Found {
  const wanted = /^([0-9a-f]{4,64})$/.exec(id)?.[1];
  if (wanted === undefined)
    throw new UserError('usage', `${id} is no snapshot id`, {
      hint: 'give at least 4 hex digits; `pvebak snapshots` lists them',
    });
  const matches = [...facts.repositories].flatMap(([repository, { snapshots }]) =>
    snapshots
      .filter((snapshot) => snapshot.id.startsWith(wanted) || snapshot.original?.startsWith(wanted))
      .map((snapshot) => ({ repository, snapshot })),
  );
  const [first, ...more] = matches;
  if (first === undefined)
    throw new UserError('snapshot-not-found', `there is no guest's snapshot ${id}`, {
      hint: '`pvebak snapshots` lists them',
    });
  if (more.length > 0)
    throw new UserError('usage', `${id} fits ${matches.length} snapshots`, {
      hint: 'give more of its digits',
    });
  return first;
}

function wantedVmid(text: string | undefined, snapshot: GuestSnapshot): Vmid {
  const vmid = text === undefined ? snapshot.guest.vmid : parseVmid(text);
  if (vmid === undefined)
    throw new UserError('usage', `${text} is no vmid`, { hint: 'a vmid is a number from 100 to 999999999' });
  return vmid;
}

function withIntent(
  site: Site,
  { repository, snapshot }: Found,
  options: Omit<RestoreCommandOptions, 'vmid'> & { readonly vmid: Vmid },
): Site {
  const { to, vmid, storage, pool, unique, start, replace } = options;
  const intent = {
    name: INTENT,
    repository,
    snapshot: snapshot.id,
    guest: snapshot.guest,
    fromHostId: snapshot.hostId,
    to: {
      host: to,
      vmid,
      unique,
      start,
      ...(storage !== undefined && { storage }),
      ...(pool !== undefined && { pool }),
    },
    onExisting: replace ? 'replace' : 'fail',
    manual: true,
  } as const;
  return { ...site, restores: [intent] };
}

/** The plan without anything that the command is not about: of the host only that it cannot be reached, and why. */
function withoutRest(plan: Plan, host: string): Plan {
  const unreachable = plan.problems.filter(
    (problem) => problem.kind === 'host-unreachable' && problem.host === host,
  );
  const own = plan.problems.filter((problem) => 'intent' in problem && problem.intent === INTENT);
  const problems = unreachable.length > 0 ? unreachable : own;
  const restores = plan.restores.filter(({ intent }) => intent === INTENT);
  return {
    ...plan,
    backups: [],
    fresh: [],
    leftAlone: [],
    uncovered: [],
    notes: [],
    restoresAtRest: [],
    restores,
    problems,
  };
}
