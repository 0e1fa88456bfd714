import { existsSync } from 'node:fs';
import type { Site } from '../config/site.ts';
import type { Repository } from '../repository/repository.ts';
import { UserError } from '../user-error.ts';
import { beginOpening, type Opening, openSite, openSiteRepository, usedRepositories } from './open-site.ts';
import { locateRepository, openLocatedRepository, type RepositoryLocation } from './repository-location.ts';
import type { Surroundings } from './surroundings.ts';

/** What the command line says of where the backups are: a site file, or one repository without any. */
export interface RepositoryChoice {
  /** By default `site.yaml`, where it is there and `repo` is not given. */
  readonly site: string | undefined;
  readonly repo: string | undefined;
  readonly passwordFile: string | undefined;
}

export type RepositorySource =
  | { readonly kind: 'site'; readonly file: string }
  | { readonly kind: 'repository'; readonly location: RepositoryLocation };

const DEFAULT_SITE = 'site.yaml';

/** @throws UserError `usage` when neither or both are given */
export function chooseSource({ site, repo, passwordFile }: RepositoryChoice): RepositorySource {
  if (repo !== undefined && site !== undefined)
    throw new UserError('usage', `${site} and --repo: only one of them can say where the backups are`, {
      hint: 'leave one out',
    });
  if (repo !== undefined) return { kind: 'repository', location: { repo, passwordFile } };
  if (passwordFile !== undefined)
    throw new UserError('usage', '--password-file goes with --repo', {
      hint: 'with a site file, its `password` says where the password is',
    });
  if (site !== undefined) return { kind: 'site', file: site };
  if (existsSync(DEFAULT_SITE)) return { kind: 'site', file: DEFAULT_SITE };
  throw new UserError('usage', `it is not said where the backups are: there is no ${DEFAULT_SITE} here`, {
    hint: 'name the site file, or give --repo PATH to go without one',
  });
}

/**
 * Reads the site, or makes one in memory that knows the repository and nothing else, and opens its repositories.
 * @throws UserError of the first that can't be opened
 */
export async function openChoice(
  choice: RepositoryChoice,
  surroundings: Surroundings,
): Promise<{ readonly site: Site; readonly repositories: ReadonlyMap<string, Repository> }> {
  const { site, opened } = await beginChoice(choice, surroundings);
  return { site, repositories: await opened };
}

/** The same, the repositories being opened. @throws UserError `usage`, `secret` */
export async function beginChoice(
  choice: RepositoryChoice,
  surroundings: Surroundings,
): Promise<{ readonly site: Site } & Opening> {
  const source = chooseSource(choice);
  if (source.kind === 'site') {
    const site = await openSite(source.file, surroundings);
    return { site, ...(await openAllThere(site, surroundings)) };
  }
  const entry = await locateRepository(source.location, surroundings);
  const site: Site = {
    file: '',
    cadenceMs: DAY_MS,
    repositories: new Map([[entry.name, entry]]),
    hosts: new Map(),
    backups: [],
    restores: [],
  };
  return { site, ...(await beginOpening([entry], surroundings, openLocatedRepository)) };
}

/** All that the site names, also on a machine that only restores; one that nothing uses need not have been made. */
function openAllThere(site: Site, surroundings: Surroundings): Promise<Opening> {
  const used = usedRepositories(site);
  return beginOpening([...site.repositories.values()], surroundings, async (entry) => {
    try {
      return await openSiteRepository(entry, surroundings);
    } catch (error) {
      const isMissing = error instanceof UserError && error.code === 'no-repository';
      if (!isMissing || used.has(entry.name) || site.repositories.size === 1) throw error;
      return undefined;
    }
  });
}

const DAY_MS = 24 * 60 * 60_000;
