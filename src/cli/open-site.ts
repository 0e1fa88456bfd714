import { createHash } from 'node:crypto';
import { readFile, realpath } from 'node:fs/promises';
import { dirname, isAbsolute, relative, sep } from 'node:path';
import { loadSite } from '../config/load-site.ts';
import type { RepositoryEntry, Site } from '../config/site.ts';
import { folderBackend } from '../repository/folder-backend.ts';
import { openRepository, type Repository } from '../repository/repository.ts';
import { UserError } from '../user-error.ts';
import type { SiteFileName } from './saved/plan-file.ts';
import type { Surroundings } from './surroundings.ts';
import { readSecret } from './way-in.ts';

/** Reads and checks the site file. @throws SiteFileError */
export function openSite(file: string, { home, timeZone }: Surroundings): Promise<Site> {
  return loadSite(file, { home, timeZone, read: (path) => readFile(path, 'utf8') });
}

/**
 * As `openSite`, with what names the text that was read for good.
 * @param options.trust `folder`: whoever wrote the file may include nothing from outside its folder, since messages quote what is
 * wrong with a file, and that might be a secret
 */
export async function openNamedSite(
  file: string,
  { home, timeZone }: Surroundings,
  options: { readonly trust: 'all' | 'folder' },
): Promise<{ readonly site: Site; readonly name: SiteFileName }> {
  const read = createHash('sha256');
  const site = await loadSite(file, {
    home,
    timeZone,
    read: async (path) => {
      if (options.trust === 'folder') await refuseOutside(path, dirname(file));
      const text = await readFile(path, 'utf8');
      read.update(text);
      return text;
    },
  });
  return { site, name: { file, sha256: read.digest('hex') } };
}

/** Links lead where they lead. @throws UserError `site-file` */
async function refuseOutside(path: string, folder: string): Promise<void> {
  const way = relative(await realpath(folder), await realpath(path));
  if (way.split(sep)[0] !== '..' && !isAbsolute(way)) return;
  throw new UserError(
    'site-file',
    `${path} is outside of the folder of the site file, and not read with --facts`,
  );
}

/** Names of those that policies, restores and nodes' configurations go to or come from. */
export function usedRepositories(site: Site): ReadonlySet<string> {
  const named = [...site.backups, ...site.restores].map(({ repository }) => repository);
  const keepsConfigs = [...site.hosts.values()].some(({ configBackup }) => configBackup === true);
  return new Set([...named, ...(keepsConfigs ? [...site.repositories.keys()].slice(0, 1) : [])]);
}

/** Repositories whose passwords are read, being opened: deriving a key from one takes a core half a second. */
export interface Opening {
  /** @throws UserError of the first that can't be opened */
  readonly opened: Promise<ReadonlyMap<string, Repository>>;
}

/** Begins to open the repositories that the site names and uses. @throws UserError `secret` */
export function openSiteRepositories(site: Site, surroundings: Surroundings): Promise<Opening> {
  const used = usedRepositories(site);
  const repositories = new Map([...site.repositories].filter(([name]) => used.has(name)));
  return openRepositories({ repositories }, surroundings);
}

/** Begins to open all that there are. @throws UserError `secret` */
export function openRepositories(
  { repositories }: Pick<Site, 'repositories'>,
  surroundings: Surroundings,
): Promise<Opening> {
  return beginOpening([...repositories.values()], surroundings, openSiteRepository);
}

/**
 * Reads all passwords, some of which may be asked for, and then goes on by itself.
 * @param open is given entries that hold their password; a repository that it leaves out is left out
 */
export async function beginOpening(
  entries: readonly RepositoryEntry[],
  surroundings: Surroundings,
  open: (entry: RepositoryEntry, surroundings: Surroundings) => Promise<Repository | undefined>,
): Promise<Opening> {
  const known: RepositoryEntry[] = [];
  for (const entry of entries) {
    const value = await repositoryPassword(entry, surroundings);
    known.push({ ...entry, password: { kind: 'plain', value } });
  }
  const opened = openEach(known, (entry) => open(entry, surroundings));
  // Whoever waits for it may fail before it looks here.
  opened.catch(() => undefined);
  return { opened };
}

async function openEach(
  entries: readonly RepositoryEntry[],
  open: (entry: RepositoryEntry) => Promise<Repository | undefined>,
): Promise<ReadonlyMap<string, Repository>> {
  const opened = new Map<string, Repository>();
  for (const entry of entries) {
    const repository = await open(entry);
    if (repository !== undefined) opened.set(entry.name, repository);
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
