/** What is wrong with the site file, the repository or the command line ends the program before it has changed anything. */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addCt, addVm } from '../lab/guests.ts';
import { type Lab, startLab } from '../lab/lab.ts';
import { runProgram } from '../lab/run-program.ts';
import { byIdentity, type LabSite, labSite } from './lab-site.ts';
import { ENTRY, flat, RunningProgram, until, Workplace } from './program.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures/config');
let lab: Lab;
let place: Workplace;
let snapshot: string;

beforeAll(async () => {
  lab = await startLab();
  place = new Workplace();
  addVm(lab, 'pve1', { vmid: 101, name: 'web' });
  place.write('site.yaml', siteWith({}));
  await place.makeRepository();
  await place.succeed('apply', 'site.yaml', '--yes');
  snapshot = place.stored('snapshots')[0] ?? '';
  addCt(lab, 'pve1', { vmid: 105, hostname: 'git' });
});

afterAll(async () => {
  place[Symbol.dispose]();
  await lab.stop();
});

function siteWith(changes: Partial<LabSite>): string {
  const hosts = { pve: byIdentity(lab.node('pve1')) };
  return labSite({ hosts, backups: ['{ name: all, host: pve, all: true, rpo: 1s }'], ...changes });
}

/** Runs the program and makes sure that it has left everything as it was. */
async function refused(
  ...args: readonly string[]
): Promise<{ readonly status: number; readonly said: string }> {
  const before = await traces();
  const { stdout, stderr, status } = await place.pvebak(...args);
  expect(await traces()).toEqual(before);
  return { status, said: flat(stdout + stderr) };
}

async function traces(): Promise<unknown> {
  const node = await lab.node('pve1').exec('ls -A /var/lib/vz/dump /etc/pve/nodes/*/*');
  return { node, stored: [place.stored('snapshots'), place.stored('locks'), place.stored('index')] };
}

describe('a site file', () => {
  it.each(['validate', 'apply'])(
    'with six mistakes: %s tells all of them, each in its line, and exits with 5',
    async (command) => {
      place.write('six.yaml', readFileSync(join(FIXTURES, 'six-mistakes.yaml'), 'utf8'));
      const told = readFileSync(join(FIXTURES, 'six-mistakes.txt'), 'utf8').replaceAll(
        'site.yaml',
        'six.yaml',
      );
      expect(await place.pvebak(command, 'six.yaml')).toEqual({ stdout: '', stderr: told, status: 5 });
    },
  );

  it('that is not there is named', async () => {
    const { status, said } = await refused('plan', 'missing.yaml');
    expect(said).toContain('missing.yaml');
    expect(status).toBe(5);
  });
});

describe('a repository', () => {
  it.each(['plan', 'snapshots'])('with another password: %s exits with 12', async (command) => {
    place.write('wrong', 'not the password\n');
    place.write('wrong.yaml', siteWith({ password: '{ file: ./wrong }' }));
    const { status, said } = await refused(command, 'wrong.yaml');
    expect(said).toMatch(/the password opens none of the 1 keys of .*repositories\.\*\.password/);
    expect(status).toBe(12);
  });

  it('whose password cannot be found is told by the key that should say it', async () => {
    place.write('lost.yaml', siteWith({ password: '{ env: PVEBAK_PASSWORD_OF_NOBODY }' }));
    const { status, said } = await refused('plan', 'lost.yaml');
    expect(said).toMatch(/repositories\.main\.password.*PVEBAK_PASSWORD_OF_NOBODY/);
    expect(status).toBe(1);
  });

  it.each(['plan', 'apply'])('that is none: %s exits with 10', async (command) => {
    mkdirSync(join(place.folder, 'empty'), { recursive: true });
    place.write('empty.yaml', siteWith({ repository: './empty' }));
    const { status, said } = await refused(command, 'empty.yaml');
    expect(said).toMatch(/empty is no repository.*pvebak init/);
    expect(status).toBe(10);
  });

  it('without its config is damaged, and the exit status is 7', async () => {
    cpSync(join(place.folder, 'repository'), join(place.folder, 'damaged'), { recursive: true });
    rmSync(join(place.folder, 'damaged/config'));
    place.write('damaged.yaml', siteWith({ repository: './damaged' }));
    const { status, said } = await refused('plan', 'damaged.yaml');
    expect(said).toMatch(/config: the file is missing/);
    expect(status).toBe(7);
  });

  it('that restic has locked exclusively: apply exits with 6, and works once it is free', async () => {
    const restic = ['restic', '-r', 'repository', '-p', 'password', '--no-cache', 'check'];
    const check = new RunningProgram(restic, { cwd: place.folder, env: place.environment });
    await until(() => place.stored('locks').some((name) => /^[0-9a-f]{64}$/.test(name)));
    check.child.kill('SIGSTOP');
    const { status, said } = await refused('apply', 'site.yaml', '--yes');
    check.child.kill('SIGCONT');
    expect(said).toMatch(/is exclusively locked by process \d+ of .*restic unlock/);
    expect(status).toBe(6);
    expect(await check.ended).toMatchObject({ status: 0 });
    await place.succeed('apply', 'site.yaml', '--yes');
  });
});

describe('a command', () => {
  it.each([
    ['apply', 'site.yaml', /needs a yes, and there is no terminal to ask on.*give --yes/],
    ['apply', 'site.yaml --parallel none', /a number from 1 to 9999/],
    ['apply', 'site.yaml --allow everything', /what can be allowed is: replace/],
    ['plan', '', /missing required argument 'site'/],
    ['pan', 'site.yaml', /unknown command 'pan'.*plan/],
  ])('%s %s is refused', async (command, rest, message) => {
    const { status, said } = await refused(command, ...rest.split(' ').filter((word) => word !== ''));
    expect(said).toMatch(message);
    expect(status).toBe(1);
  });

  it('for a restore of the site that has no such name says so', async () => {
    const { status, said } = await refused('plan', 'site.yaml', '--restore', 'nothing');
    expect(said).toContain('restore nothing: the site file has no restore of that name');
    expect(status).toBe(3);
  });
});

describe('a restore', () => {
  it.each([
    ['of an id that no snapshot has', 'deadbeef', '--to pve --yes', 1, /snapshot deadbeef.*pvebak snapshots/],
    ['of something that is no id', 'latest', '--to pve --yes', 1, /latest is no snapshot id/],
    ['to a host that the site does not have', '', '--to pev --yes', 1, /no host pev.*it has: pve/],
    [
      'to the vmid of a container',
      '',
      '--to pve --vmid 105 --yes',
      3,
      /belongs to lxc\/105 git, a guest of the other type/,
    ],
    [
      'onto a storage that is not there',
      '',
      '--to pve --vmid 901 --storage ceph --yes',
      3,
      /the storage ceph does not exist on pve1/,
    ],
    [
      'onto a storage for other things',
      '',
      '--to pve --vmid 901 --storage iso-only --yes',
      3,
      /iso-only does not take disks/,
    ],
    [
      'into a pool that is not there',
      '',
      '--to pve --vmid 901 --pool lab --yes',
      3,
      /there is no pool lab on pve/,
    ],
    ['to a vmid that is taken', '', '--to pve --yes', 3, /qemu\/101 web exists/],
  ])('%s is refused before anything is touched', async (_, id, rest, wanted, message) => {
    const { status, said } = await refused('restore', id === '' ? snapshot : id, ...rest.split(' '));
    expect(said).toMatch(message);
    expect(status).toBe(wanted);
  });
});

describe('an older Node', () => {
  const told = (version: string) => `pvebak needs Node.js 24 or later; this is ${version}\n`;

  it('is told which version is needed, in one line', async () => {
    const pretend = "data:text/javascript,Object.defineProperty(process.versions,'node',{value:'20.19.2'})";
    const run = place.start(['--version'], { node: ['--import', pretend] });
    expect(await run.ended).toEqual({ stdout: '', stderr: told('20.19.2'), status: 1 });
  });

  /** Whatever older one this machine has: none, or Debian's. */
  it.each(olderNodes())('is told so by what it can read: $file $version', async ({ file, version }) => {
    const entry = place.write('pvebak.mjs', readFileSync(ENTRY, 'utf8'));
    expect(await place.command(file, entry)).toEqual({ stdout: '', stderr: told(version), status: 1 });
  });
});

function olderNodes(): readonly { readonly file: string; readonly version: string }[] {
  const found = ['/usr/bin/node', '/usr/local/bin/node'].filter((file) => existsSync(file));
  return found
    .map((file) => ({ file, version: runProgram(file, ['--version']).trim().slice(1) }))
    .filter(({ version }) => Number.parseInt(version, 10) < 24);
}
