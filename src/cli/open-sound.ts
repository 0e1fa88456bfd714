import { isFileFault } from '../repository/file-fault.ts';
import type { Repository } from '../repository/repository.ts';
import type { UserError } from '../user-error.ts';
import { openSite, openSiteRepository } from './open-site.ts';
import { chooseSource, type RepositoryChoice } from './repository-choice.ts';
import { locateRepository, openLocatedRepository } from './repository-location.ts';
import type { Surroundings } from './surroundings.ts';

/** A repository of the choice; `fault` is why it cannot be opened: `repository-damaged`, `repository-read`. */
export type FoundRepository =
  | { readonly kind: 'open'; readonly name: string; readonly repository: Repository }
  | { readonly kind: 'shut'; readonly name: string; readonly fault: UserError };

/** Opens each repository; one that is too damaged for it, or cannot be read, does not keep the others shut. @throws UserError */
export async function openSound(
  choice: RepositoryChoice,
  surroundings: Surroundings,
): Promise<readonly FoundRepository[]> {
  const source = chooseSource(choice);
  if (source.kind === 'repository') {
    const entry = await locateRepository(source.location, surroundings);
    return [await found(entry.name, openLocatedRepository(entry, surroundings))];
  }
  const site = await openSite(source.file, surroundings);
  const used = new Set([...site.backups, ...site.restores].map(({ repository }) => repository));
  const repositories: FoundRepository[] = [];
  for (const entry of site.repositories.values())
    if (used.has(entry.name))
      repositories.push(await found(entry.name, openSiteRepository(entry, surroundings)));
  return repositories;
}

async function found(name: string, opening: Promise<Repository>): Promise<FoundRepository> {
  try {
    return { kind: 'open', name, repository: await opening };
  } catch (error) {
    if (!isFileFault(error)) throw error;
    return { kind: 'shut', name, fault: error };
  }
}
