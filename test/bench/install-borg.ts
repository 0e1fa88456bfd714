/** Makes sure of what the bench measures pvebak beside and the tests do not need. As root on Debian it installs what is missing. */
import { spawnSync } from 'node:child_process';

/** The program, and the Debian package that has it. */
const WANTED = { program: 'borg', package: 'borgbackup' } as const;

if (!isThere()) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const install = () => aptGet(['install', '--yes', '--no-install-recommends', WANTED.package], env);
  if (!install() && aptGet(['update'], env)) install();
}
if (!isThere()) {
  process.stderr.write(
    `Missing, and wanted by the bench: ${WANTED.package}\nOn Debian or Ubuntu: sudo apt-get install ${WANTED.package}\n`,
  );
  process.exitCode = 1;
}

function isThere(): boolean {
  return spawnSync(WANTED.program, ['--version'], { stdio: 'ignore' }).status === 0;
}

function aptGet(args: readonly string[], env: NodeJS.ProcessEnv): boolean {
  return (
    spawnSync('apt-get', ['--quiet', ...args], { env, stdio: ['ignore', 'ignore', 'inherit'] }).status === 0
  );
}
