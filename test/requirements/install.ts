/**
 * Makes sure of the programs that tests and demo use. As root on Debian it installs what is missing, without starting the SSH
 * server that comes with it; elsewhere it says what is missing, which is an error only in CI.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs';

/** Debian package → the programs that are wanted of it. */
const REQUIRED: ReadonlyMap<string, readonly string[]> = new Map([
  ['acl', ['setfacl']],
  ['attr', ['setfattr']],
  ['e2fsprogs', ['mke2fs', 'debugfs', 'fsck.ext4']],
  ['libnbd-bin', ['nbdcopy', 'nbdfuse', 'nbdinfo']],
  ['lzop', ['lzop']],
  ['nbd-client', ['nbd-client']],
  ['openssh-client', ['ssh', 'ssh-keygen', 'ssh-agent']],
  ['openssh-server', ['sshd']],
  ['openssl', ['openssl']],
  ['qemu-utils', ['qemu-img', 'qemu-nbd']],
  ['restic', ['restic']],
  ['sudo', ['sudo']],
  ['util-linux', ['unshare', 'nsenter', 'flock', 'setpriv']],
  ['zstd', ['zstd']],
]);

const FOLDERS = [...(process.env['PATH'] ?? '').split(':'), '/usr/local/sbin', '/usr/sbin', '/sbin'];
const POLICY = '/usr/sbin/policy-rc.d';

process.exitCode = ensure();

function ensure(): number {
  if (missing().length === 0) return 0;
  if (process.getuid?.() === 0 && isThere('apt-get')) install(missing());
  const left = missing();
  if (left.length === 0) return 0;
  console.error(
    `Missing, and wanted by the tests: ${left.join(' ')}\nOn Debian or Ubuntu: sudo apt-get install ${left.join(' ')}`,
  );
  return process.env['CI'] === undefined ? 0 : 1;
}

function missing(): readonly string[] {
  return [...REQUIRED].filter(([, programs]) => !programs.every(isThere)).map(([name]) => name);
}

function isThere(program: string): boolean {
  return FOLDERS.some((folder) => isExecutable(`${folder}/${program}`));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Package lists are fetched only when the install fails without. */
function install(packages: readonly string[]): void {
  console.error(`Installing ${packages.join(' ')}`);
  withoutServices(() => {
    const arguments_ = ['install', '--yes', '--no-install-recommends', ...packages];
    if (aptGet(arguments_)) return;
    if (aptGet(['update'])) aptGet(arguments_);
  });
}

/** A policy that forbids it keeps the packages from starting their services. */
function withoutServices(work: () => void): void {
  const own = !existsSync(POLICY);
  if (own) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    work();
  } finally {
    if (own) rmSync(POLICY);
  }
}

function aptGet(args: readonly string[]): boolean {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  return (
    spawnSync('apt-get', ['--quiet', ...args], { env, stdio: ['ignore', 'ignore', 'inherit'] }).status === 0
  );
}
