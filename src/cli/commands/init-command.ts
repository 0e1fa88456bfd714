import { folderBackend } from '../../repository/folder-backend.ts';
import { initRepository } from '../../repository/repository.ts';
import { UserError } from '../../user-error.ts';
import { EXIT_STATUS } from '../exit-status.ts';
import { openSite, repositoryPassword } from '../open-site.ts';
import type { Surroundings } from '../surroundings.ts';
import { terminalSafe } from '../view/terminal-safe.ts';

/** Makes the repositories of a site that are not there yet. */
export async function initCommand(file: string, surroundings: Surroundings): Promise<number> {
  const site = await openSite(file, surroundings);
  for (const entry of site.repositories.values()) {
    const password = await repositoryPassword(entry, surroundings);
    if (password === '')
      throw new UserError('secret', `the password of the repository ${entry.name} is empty`, {
        hint: 'a repository without a password is readable by everybody who reaches it',
      });
    const outcome = await initOne(entry.path, password);
    surroundings.stdout.write(terminalSafe(`${entry.name}: ${outcome}`));
    surroundings.stdout.write('\n');
  }
  surroundings.stdout.write(
    'Keep the password safe, in a second place too: without it nothing can be read again, by anybody.\n',
  );
  return EXIT_STATUS.done;
}

async function initOne(path: string, password: string): Promise<string> {
  try {
    const { id } = await initRepository(folderBackend(path), password);
    return `made the repository ${id.slice(0, 10)} in ${path}`;
  } catch (error) {
    if (error instanceof UserError && error.code === 'repository-exists') return `${path} is there already`;
    throw error;
  }
}
