import { expandPath } from '../config/expand-path.ts';
import type { RepositoryEntry } from '../config/site.ts';
import type { Repository } from '../repository/repository.ts';
import { UserError, type UserErrorCode } from '../user-error.ts';
import { askSecret } from './ask-secret.ts';
import { openSiteRepository } from './open-site.ts';
import type { Surroundings } from './surroundings.ts';
import { readSecret } from './way-in.ts';

/** A repository as `--repo` names it. */
export interface RepositoryLocation {
  readonly repo: string;
  readonly passwordFile: string | undefined;
}

/**
 * The entry that a site file would have for it, named after its place, with the password read: from `--password-file`,
 * else `PVEBAK_PASSWORD`, else what restic would take (its manual, "Environment Variables": `RESTIC_PASSWORD_FILE`
 * before `RESTIC_PASSWORD`), else asked.
 * @throws UserError `usage`, `secret`
 */
export async function locateRepository(
  { repo, passwordFile }: RepositoryLocation,
  surroundings: Surroundings,
): Promise<RepositoryEntry> {
  const path = pathOf(repo, surroundings.home);
  const value = await readPassword(path, passwordFile, surroundings);
  return { name: path, path, password: { kind: 'plain', value } };
}

/** Opens it; what went wrong is said without a word about site files. @throws UserError */
export async function openLocatedRepository(
  entry: RepositoryEntry,
  surroundings: Surroundings,
): Promise<Repository> {
  try {
    return await openSiteRepository(entry, surroundings);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const hint = HINTS[error.code];
    throw hint === undefined ? error : new UserError(error.code, error.message, { hint, cause: error });
  }
}

const HINTS: Partial<Record<UserErrorCode, string>> = {
  'no-repository': 'put the path after --repo right; is what it lies on mounted?',
  'wrong-password':
    'is it the password of this repository? `--password-file`, PVEBAK_PASSWORD and RESTIC_PASSWORD come before asking',
};

function pathOf(repo: string, home: string): string {
  const scheme = /^(s3|sftp|rest|rclone|azure|b2|gs|swift):/.exec(repo)?.[1];
  if (scheme !== undefined)
    throw new UserError('usage', `${repo}: repositories on ${scheme} are not understood after --repo`, {
      hint: 'give a folder, mount it as one, or fetch it with `restic copy`',
    });
  const path = repo === '' ? undefined : expandPath(repo, { folder: '.', home });
  if (path === undefined) throw new UserError('usage', `--repo "${repo}" is no path`);
  return path;
}

async function readPassword(
  path: string,
  file: string | undefined,
  surroundings: Surroundings,
): Promise<string> {
  const { env } = surroundings;
  if (file !== undefined) return readSecret({ kind: 'file', path: file }, '--password-file', surroundings);
  if (given(env['PVEBAK_PASSWORD'])) return env['PVEBAK_PASSWORD'];
  if (given(env['RESTIC_PASSWORD_FILE'])) return readResticFile(env['RESTIC_PASSWORD_FILE'], surroundings);
  if (given(env['RESTIC_PASSWORD'])) return env['RESTIC_PASSWORD'];
  return askSecret(
    `password of the repository ${path}`,
    'give --password-file FILE, or set PVEBAK_PASSWORD',
    surroundings,
  );
}

/** restic takes such a file whole, without the white space around it. */
async function readResticFile(path: string, surroundings: Surroundings): Promise<string> {
  return (await readSecret({ kind: 'file', path }, 'RESTIC_PASSWORD_FILE', surroundings, 'whole')).trim();
}

function given(value: string | undefined): value is string {
  return value !== undefined && value !== '';
}
