import { UserError } from '../user-error.ts';

/** The repository holds something that cannot be right: named by the file and what is wrong with it. */
export function damaged(where: string, what: string, cause?: unknown): UserError {
  return new UserError('repository-damaged', `${where}: ${what}`, {
    hint: where.startsWith('index/')
      ? 'make the indexes anew from the packs: `pvebak repair index`'
      : '`pvebak verify --read-data` says how far the damage goes, and what it touches',
    cause,
  });
}
