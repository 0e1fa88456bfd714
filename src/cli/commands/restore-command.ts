import type { Site } from '../../config/site.ts';
import type { Facts, GuestSnapshot } from '../../plan/facts.ts';
import { makePlan } from '../../plan/make-plan.ts';
import type { Plan } from '../../plan/plan.ts';
import { parseVmid, type Vmid } from '../../pve/guest.ts';
import { UserError } from '../../user-error.ts';
import { confirm } from '../confirm.ts';
import { EXIT_STATUS } from '../exit-status.ts';
import { gatherFacts } from '../gather-facts.ts';
import { openSite, openSiteRepositories } from '../open-site.ts';
import type { Surroundings } from '../surroundings.ts';
import { planHeader } from '../view/plan-header.ts';
import { renderPlanText } from '../view/plan-text.ts';
import { carryOut } from './apply-command.ts';
import { textWidth } from './plan-command.ts';

export interface RestoreCommandOptions {
  readonly site: string;
  /** Name of a host entry. */
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

/** Restores one snapshot: a restore intent from the command line instead of the site file. */
export async function restoreCommand(
  snapshotId: string,
  options: RestoreCommandOptions,
  surroundings: Surroundings,
): Promise<number> {
  const site = await openSite(options.site, surroundings);
  if (!site.hosts.has(options.to)) {
    throw new UserError('usage', `the site has no host ${options.to}`, {
      hint: `it has: ${[...site.hosts.keys()].join(', ')}`,
    });
  }
  const repositories = await openSiteRepositories(site, surroundings);
  const facts = await gatherFacts(site, repositories, surroundings);
  const found = findSnapshot(facts, snapshotId);
  const asked = withIntent(site, found, { ...options, vmid: wantedVmid(options.vmid, found.snapshot) });
  const plan = makePlan(asked, facts, { restoreNames: [INTENT] });
  const narrowed = onlyRestore(plan);
  const { stdout, colour, timeZone } = surroundings;
  if (!options.json)
    stdout.write(
      `${renderPlanText(narrowed, planHeader(asked, facts, { title: `pvebak restore ${found.snapshot.id.slice(0, 8)} --to ${options.to}`, timeZone }), { colour, width: textWidth(stdout) })}\n`,
    );
  if (narrowed.restores.length === 0) return EXIT_STATUS.incomplete;
  if (!options.yes) await confirm('Carry this out? [y/N] ', 'y', surroundings, 'give --yes');
  return carryOut(
    narrowed,
    { site: asked, facts, repositories },
    { parallel: 1, json: options.json },
    surroundings,
  );
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
    throw new UserError('snapshot-not-found', `no repository of the site holds a guest's snapshot ${id}`, {
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

/** The plan without anything that the command is not about. */
function onlyRestore(plan: Plan): Plan {
  const problems = plan.problems.filter((problem) => 'intent' in problem && problem.intent === INTENT);
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
