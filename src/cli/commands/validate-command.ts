import { secretFiles } from '../../config/secret-files.ts';
import { EXIT_STATUS } from '../exit-status.ts';
import { openSite } from '../open-site.ts';
import type { Surroundings } from '../surroundings.ts';
import { warnOfReaders } from '../warn-of-readers.ts';

/** Checks a site file; opens no connection and reads no secret. */
export async function validateCommand(file: string, surroundings: Surroundings): Promise<number> {
  const site = await openSite(file, surroundings);
  await warnOfReaders(secretFiles(site), surroundings);
  const counts = [
    [site.hosts.size, 'host'],
    [site.repositories.size, 'repository'],
    [site.backups.length, 'backup policy'],
    [site.restores.length, 'restore'],
  ] as const;
  const text = counts.map(([count, word]) => `${count} ${count === 1 ? word : plural(word)}`).join(', ');
  surroundings.stdout.write(`${file} is right: ${text}\n`);
  return EXIT_STATUS.done;
}

function plural(word: string): string {
  return word.endsWith('y') ? `${word.slice(0, -1)}ies` : `${word}s`;
}
