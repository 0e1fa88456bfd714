import { UserError } from '../user-error.ts';

/** The repository holds something that cannot be right: named by the file and what is wrong with it. */
export function damaged(where: string, what: string, cause?: unknown): UserError {
  return new UserError('repository-damaged', `${where}: ${what}`, {
    hint: 'run `restic check --read-data` on the repository to see how far the damage goes',
    cause,
  });
}
