import type { RepositoryEntry, SecretRef } from '../config/site.ts';
import { findKeyId } from '../repository/key-ring.ts';
import type { Repository } from '../repository/repository.ts';
import { UserError } from '../user-error.ts';
import { askNewSecret } from './ask-secret.ts';
import { openSite, openSiteRepository, repositoryPassword } from './open-site.ts';
import { chooseSource, type RepositoryChoice } from './repository-choice.ts';
import { locateRepository, openLocatedRepository } from './repository-location.ts';
import type { Surroundings } from './surroundings.ts';
import { readSecret } from './way-in.ts';

/** One repository: of a site, or by itself. */
export interface KeyRingChoice extends RepositoryChoice {
  /** Name of an entry of the site; needed where it has several. */
  readonly repository: string | undefined;
}

export interface OpenKeyRing {
  readonly repository: Repository;
  readonly password: string;
  /** The id of the key that the password opens. */
  readonly current: string;
  /** Where the site file says that the password is. */
  readonly reference: { readonly key: string; readonly secret: SecretRef } | undefined;
}

/** @throws UserError `usage`, and as opening a repository does */
export async function openKeyRing(choice: KeyRingChoice, surroundings: Surroundings): Promise<OpenKeyRing> {
  const { repository, password, reference } = await openOne(choice, surroundings);
  const current = await findKeyId(repository, password);
  if (current === undefined)
    throw new UserError(
      'wrong-password',
      `the key of this password has just been removed from ${repository.where}`,
    );
  return { repository, password, current, reference };
}

/** From the file, or typed twice. @throws UserError `secret`; `usage` when it is the one that opened the repository */
export async function readNewPassword(
  file: string | undefined,
  { repository, password }: OpenKeyRing,
  surroundings: Surroundings,
): Promise<string> {
  const fresh =
    file === undefined
      ? await askNewSecret(
          `new password for ${repository.where}`,
          'give --new-password-file FILE',
          surroundings,
        )
      : await readSecret({ kind: 'file', path: file }, '--new-password-file', surroundings);
  if (fresh === password)
    throw new UserError('usage', 'that is the password that opened the repository; nothing was done');
  return fresh;
}

async function openOne(
  choice: KeyRingChoice,
  surroundings: Surroundings,
): Promise<Omit<OpenKeyRing, 'current'>> {
  const source = chooseSource(choice);
  if (source.kind === 'repository') {
    if (choice.repository !== undefined)
      throw new UserError('usage', '--repository names one of a site; with --repo there is only one');
    const entry = await locateRepository(source.location, surroundings);
    const repository = await openLocatedRepository(entry, surroundings);
    return { repository, password: await repositoryPassword(entry, surroundings), reference: undefined };
  }
  const { repositories } = await openSite(source.file, surroundings);
  const entry = chooseEntry([...repositories.values()], choice.repository);
  // Read once: a command that gives the password may ask somebody for it.
  const password = await repositoryPassword(entry, surroundings);
  const known = { ...entry, password: { kind: 'plain', value: password } } as const;
  const reference = { key: `repositories.${entry.name}.password`, secret: entry.password };
  return { repository: await openSiteRepository(known, surroundings), password, reference };
}

function chooseEntry(entries: readonly RepositoryEntry[], name: string | undefined): RepositoryEntry {
  const [first, ...more] = name === undefined ? entries : entries.filter((entry) => entry.name === name);
  if (first !== undefined && more.length === 0) return first;
  const names = entries.map((entry) => entry.name).join(', ');
  throw name === undefined
    ? new UserError('usage', 'the site has several repositories', {
        hint: `name one with --repository: ${names}`,
      })
    : new UserError('usage', `the site has no repository ${name}`, { hint: `it has: ${names}` });
}
