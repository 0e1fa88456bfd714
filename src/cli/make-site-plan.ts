import { hash } from 'node:crypto';
import { secretFiles } from '../config/secret-files.ts';
import type { Site } from '../config/site.ts';
import type { Facts } from '../plan/facts.ts';
import { makePlan } from '../plan/make-plan.ts';
import { narrowPlan } from '../plan/narrow-plan.ts';
import type { Plan } from '../plan/plan.ts';
import type { Repository } from '../repository/repository.ts';
import { choosePart, type PartOptions } from './choose-part.ts';
import { gatherFacts } from './gather-facts.ts';
import { siteRevision } from './git-revision.ts';
import { openNamedSite, openSiteRepositories } from './open-site.ts';
import { recordedFacts } from './recorded-facts.ts';
import { makePlanFile } from './saved/make-plan-file.ts';
import { encodePlanFile, type SiteFileName } from './saved/plan-file.ts';
import type { Surroundings } from './surroundings.ts';
import { type PlanHeader, planHeader } from './view/plan-header.ts';
import { warnOfReaders } from './warn-of-readers.ts';

import { withContents } from './with-contents.ts';

export interface PlanQuestion {
  /** `plan` or `apply`, for the title. */
  readonly command: string;
  /** Restore intents that are named. */
  readonly restore: readonly string[];
  /** What is allowed; `forget=qemu/101` releases what a brake holds, `unlock=` a lock, `host-access` lets restores reach nodes. */
  readonly allow: readonly string[];
  readonly part: PartOptions;
  /** How many nodes apply will work on at once. */
  readonly parallel: number;
  /** A file of recorded facts; without one, hosts and repositories are asked. */
  readonly facts?: string | undefined;
}

/** A plan, with all that it was made from. */
export interface SitePlan {
  readonly site: Site;
  readonly name: SiteFileName;
  readonly facts: Facts;
  /** None when the facts were recorded. */
  readonly repositories: ReadonlyMap<string, Repository>;
  readonly plan: Plan;
  readonly header: PlanHeader;
}

/** Reads a site file and plans with what is there. @throws SiteFileError, UserError */
export async function makeSitePlan(
  file: string,
  { command, restore, allow, part: named, parallel, facts: recorded }: PlanQuestion,
  surroundings: Surroundings,
): Promise<SitePlan> {
  const { site, name } = await openNamedSite(file, surroundings, {
    trust: recorded === undefined ? 'all' : 'folder',
  });
  const revision = siteRevision([site.file, ...(site.includedFiles ?? [])], surroundings);
  const known =
    recorded === undefined
      ? await askAll(site, restore, surroundings)
      : { repositories: new Map(), facts: await recordedFacts(recorded, site, surroundings) };
  const part = choosePart(named, site, known.facts);
  const header = planHeader(site, known.facts, {
    title: `pvebak ${command} ${file}`,
    timeZone: surroundings.timeZone,
    revision: await revision,
    part,
    recorded,
    parallel,
  });
  const whole = makePlan(site, known.facts, {
    restoreNames: restore,
    released: namedGuests(allow, 'forget'),
    unlocked: namedGuests(allow, 'unlock'),
    allowsHostAccess: allow.includes('host-access'),
  });
  const plan = narrowPlan(whole, part, { site, facts: known.facts, restoreNames: restore });
  return { site, name, ...known, plan, header };
}

/** @returns of `forget=qemu/101` the guest, of `forget=all` the word */
function namedGuests(allow: readonly string[], what: 'forget' | 'unlock'): readonly string[] {
  return allow.flatMap((one) => (one.startsWith(`${what}=`) ? one.slice(what.length + 1) : []));
}

async function askAll(
  site: Site,
  restoreNames: readonly string[],
  surroundings: Surroundings,
): Promise<Pick<SitePlan, 'facts' | 'repositories'>> {
  await warnOfReaders(secretFiles(site), surroundings);
  const opening = await openSiteRepositories(site, surroundings);
  const facts = await gatherFacts(site, opening, surroundings);
  const repositories = await opening.opened;
  return { repositories, facts: await withContents(facts, site, { repositories, restoreNames }) };
}

/** A plan as a file holds it, and what names that file for good. */
export function encodeSitePlan(
  { plan, site, facts, name, header }: SitePlan,
  { programVersion }: Surroundings,
): { readonly text: string; readonly sha256: string; readonly validUntil: number } {
  const file = makePlanFile(plan, { site, facts }, { site: name, madeBy: programVersion, header });
  const text = encodePlanFile(file);
  return { text, sha256: hash('sha256', text), validUntil: file.validUntil };
}
