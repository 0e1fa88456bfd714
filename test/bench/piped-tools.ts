/** The programs that pvebak is measured beside: they are given the same streams by a pipe. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram } from '../lab/run-program.ts';
import { directSink, directSource } from './direct-disk.ts';
import { mustRun } from './run-measured.ts';
import type { Tool } from './tool.ts';

const PASSWORD = 'a long sentence that nobody guesses';
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Debian's restic, as it is: compression `auto`, its cache beside the repository. */
export async function resticTool(work: string): Promise<Tool> {
  const { repository, env } = makePlace(work, 'restic', {
    RESTIC_PASSWORD: PASSWORD,
    RESTIC_CACHE_DIR: join(work, 'restic/cache'),
  });
  const restic = `restic -q -r '${repository}'`;
  await mustRun({ line: `${restic} init --repository-version 2`, env });
  return {
    name: 'restic',
    repositoryBytes: () => sizeOf(repository),
    backup: (stream) => mustRun({ line: `${directSource}'${stream}' | ${restic} backup --stdin`, env }),
    restore: (file) => mustRun({ line: `${restic} dump latest stdin | ${directSink} > '${file}'`, env }),
    oneFile: (path, file) =>
      mustRun({ line: `${restic} dump latest stdin | tar -xOf - './${path}' > '${file}'`, env }),
  };
}

/** Debian's borg, `repokey-blake2` and `zstd,1`. */
export async function borgTool(work: string): Promise<Tool> {
  const { repository, env } = makePlace(work, 'borg', {
    BORG_PASSPHRASE: PASSWORD,
    BORG_BASE_DIR: join(work, 'borg'),
  });
  await mustRun({ line: `borg init -e repokey-blake2 '${repository}'`, env });
  let backups = 0;
  const newest = () => `'${repository}::${backups}'`;
  return {
    name: 'borg',
    repositoryBytes: () => sizeOf(repository),
    backup: (stream) => {
      backups += 1;
      return mustRun({
        line: `${directSource}'${stream}' | borg create --compression zstd,1 ${newest()} -`,
        env,
      });
    },
    restore: (file) =>
      mustRun({ line: `borg extract --stdout ${newest()} | ${directSink} > '${file}'`, env }),
    oneFile: (path, file) =>
      mustRun({ line: `borg extract --stdout ${newest()} | tar -xOf - './${path}' > '${file}'`, env }),
  };
}

function makePlace(work: string, name: string, env: Readonly<Record<string, string>>) {
  const folder = join(work, name);
  mkdirSync(folder, { recursive: true });
  return { repository: join(folder, 'repository'), env: { PATH, HOME: folder, LANG: 'C.UTF-8', ...env } };
}

function sizeOf(folder: string): number {
  return Number(runProgram('du', ['--bytes', '--summarize', folder]).split('\t')[0]);
}
