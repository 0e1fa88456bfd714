import type { HostEntry, RestoreIntent, RestoreMode, Site } from '../../config/site.ts';
import type { GuestSnapshot } from '../../plan/facts.ts';
import { makePlan } from '../../plan/make-plan.ts';
import type { Plan } from '../../plan/plan.ts';
import { formatGuestRef, parseVmid, type Vmid } from '../../pve/guest.ts';
import { UserError } from '../../user-error.ts';
import { carryOut } from '../carry-out.ts';
import { commandLineHost, givenLoginOptions, type LoginOptions } from '../command-line-host.ts';
import { confirm } from '../confirm.ts';
import { EXIT_STATUS } from '../exit-status.ts';
import { gatherFacts } from '../gather-facts.ts';
import { beginChoice, type RepositoryChoice } from '../repository-choice.ts';
import { type RestoreSelection, type SelectedSnapshot, selectSnapshots } from '../restore-selection.ts';
import type { Surroundings } from '../surroundings.ts';
import { tellUnread } from '../tell-unread.ts';
import { type PlanHeader, planHeader } from '../view/plan-header.ts';
import { renderPlanText } from '../view/plan-text.ts';

import { withContents } from '../with-contents.ts';

import { textWidth } from './plan-command.ts';

export interface RestoreCommandOptions extends RepositoryChoice, LoginOptions, RestoreSelection {
  /** Name of a host entry, `USER@NODE[:PORT]`, or `local`. */
  readonly to: string;
  readonly vmid: string | undefined;
  /** Added to the vmid that each guest had. */
  readonly vmidOffset: number | undefined;
  readonly storage: string | undefined;
  /** Old names to new ones. */
  readonly mapStorage: ReadonlyMap<string, string>;
  readonly mapBridge: ReadonlyMap<string, string>;
  readonly pool: string | undefined;
  /** KiB per second. */
  readonly bwlimit: number | undefined;
  readonly mode: RestoreMode | undefined;
  readonly unique: boolean;
  readonly start: boolean;
  /** Allows a guest that has the vmid to be stopped and overwritten. */
  readonly replace: boolean;
  /** What is allowed beyond that. */
  readonly allow: readonly 'host-access'[];
  readonly yes: boolean;
  readonly json: boolean;
}

/**
 * Restores one snapshot, or many one after the other: restore intents from the command line instead of the site file.
 * Of the site only the repositories and the target are looked at; without one they come from the command line as well.
 */
export async function restoreCommand(
  options: RestoreCommandOptions,
  surroundings: Surroundings,
): Promise<number> {
  const { site, opened } = await beginChoice(options, surroundings);
  const host = await targetHost(site, options, surroundings);
  const target = { ...site, hosts: new Map([[host.name, host]]), backups: [], restores: [] };
  const known = await gatherFacts(target, { opened }, surroundings);
  const repositories = await opened;
  for (const [name, { unread = [] }] of known.repositories) tellUnread(name, unread, surroundings.stderr);
  const selected = selectSnapshots(known, options);
  const restores = selected.map((one, place) =>
    intentFor(one, { place, alone: selected.length === 1 }, options),
  );
  const asked: Site = { ...target, restores };
  const names = restores.map(({ name }) => name);
  const facts = await withContents(known, asked, { repositories, restoreNames: names });
  const plan = withoutRest(makePlan(asked, facts, { restoreNames: names }), host.name, names);
  const title = `pvebak restore ${whatText(selected, options)} --to ${options.to}`;
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

function whatText(selected: readonly SelectedSnapshot[], { run, latest }: RestoreCommandOptions): string {
  if (run !== undefined) return `--run ${run}`;
  return latest ? '--latest' : selected.map(({ snapshot }) => snapshot.id.slice(0, 8)).join(' ');
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

/** The name of the only one; of many, each has that of its guest. */
const ONLY_INTENT = 'command-line';

function intentFor(
  { repository, snapshot }: SelectedSnapshot,
  { place, alone }: { readonly place: number; readonly alone: boolean },
  options: RestoreCommandOptions,
): RestoreIntent {
  const { storage, pool, bwlimit, mode, mapStorage, mapBridge } = options;
  const map = mapStorage.size + mapBridge.size > 0 && { map: { storage: mapStorage, bridge: mapBridge } };
  return {
    name: alone ? ONLY_INTENT : formatGuestRef(snapshot.guest),
    repository,
    snapshot: snapshot.id,
    guest: snapshot.guest,
    fromHostId: snapshot.hostId,
    to: {
      host: options.to,
      vmid: wantedVmid(snapshot, alone, options),
      unique: options.unique,
      start: options.start,
      ...(storage !== undefined && { storage }),
      ...(pool !== undefined && { pool }),
    },
    ...map,
    ...(bwlimit !== undefined && { bwlimitKiB: bwlimit }),
    ...(mode !== undefined && { mode }),
    ...(!alone && { order: place }),
    onExisting: options.replace ? 'replace' : 'fail',
    manual: true,
    ...(options.allow.length > 0 && { allow: options.allow }),
  };
}

function wantedVmid(
  { guest }: GuestSnapshot,
  alone: boolean,
  { vmid: text, vmidOffset }: RestoreCommandOptions,
): Vmid {
  if (text !== undefined && (!alone || vmidOffset !== undefined))
    throw new UserError('usage', '--vmid is for one guest', { hint: 'for many, give --vmid-offset N' });
  const wanted = text ?? guest.vmid + (vmidOffset ?? 0);
  const vmid = parseVmid(wanted);
  if (vmid === undefined)
    throw new UserError('usage', `${wanted} is no vmid`, {
      hint: 'a vmid is a number from 100 to 999999999',
    });
  return vmid;
}

/** The plan without anything that the command is not about: of the host only that it cannot be reached, and why. */
function withoutRest(plan: Plan, host: string, names: readonly string[]): Plan {
  const unreachable = plan.problems.filter(
    (problem) => problem.kind === 'host-unreachable' && problem.host === host,
  );
  const own = plan.problems.filter((problem) => 'intent' in problem || problem.kind === 'guest-locked');
  const problems = unreachable.length > 0 ? unreachable : own;
  const restores = plan.restores.filter(({ intent }) => names.includes(intent));
  return {
    ...plan,
    backups: [],
    fresh: [],
    nodeConfigs: { due: [], fresh: [] },
    leftAlone: [],
    forgets: [],
    prunes: [],
    declarations: [],
    held: [],
    suspicious: [],
    uncovered: [],
    notes: plan.notes.filter(({ kind }) => kind.startsWith('restore-')),
    restoresAtRest: [],
    restores,
    problems,
  };
}
