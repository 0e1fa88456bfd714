import { readFile } from 'node:fs/promises';
import { loadSite } from '../config/load-site.ts';
import type { RepositoryEntry, Site } from '../config/site.ts';
import { folderBackend } from '../repository/folder-backend.ts';
import { openRepository, type Repository } from '../repository/repository.ts';
import type { Surroundings } from './surroundings.ts';
import { readSecret } from './way-in.ts';

/** Reads and checks the site file. @throws SiteFileError */
export function openSite(file: string, { home }: Surroundings): Promise<Site> {
  return loadSite(file, { home, read: (path) => readFile(path, 'utf8') });
}

/** Opens the repositories that the site names and uses. @throws UserError of the first that can't be opened */
export async function openSiteRepositories(
  site: Site,
  surroundings: Surroundings,
): Promise<ReadonlyMap<string, Repository>> {
  const used = new Set([...site.backups, ...site.restores].map(({ repository }) => repository));
  const opened = new Map<string, Repository>();
  for (const entry of site.repositories.values()) {
    if (used.has(entry.name)) opened.set(entry.name, await openSiteRepository(entry, surroundings));
  }
  return opened;
}

export async function openSiteRepository(
  entry: RepositoryEntry,
  surroundings: Surroundings,
): Promise<Repository> {
  const { cacheFolder } = surroundings;
  return openRepository(folderBackend(entry.path), await repositoryPassword(entry, surroundings), {
    cacheFolder,
  });
}

export function repositoryPassword(entry: RepositoryEntry, surroundings: Surroundings): Promise<string> {
  return readSecret(entry.password, `repositories.${entry.name}.password`, surroundings);
}
