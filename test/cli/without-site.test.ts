/** What a machine needs that has nothing but the repository, its password and a way into a node; and the kit that says so. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addCt, addVm, containerFolder, diskFile, findGuest } from '../lab/guests.ts';
import { type Lab, startLab } from '../lab/lab.ts';
import type { LabNode } from '../lab/lab-node.ts';
import { atTerminal } from './at-terminal.ts';
import { sha256Of } from './guest-files.ts';
import { byIdentity, labSite } from './lab-site.ts';
import { ENTRY, PASSWORD, Workplace } from './program.ts';

let lab: Lab;
let node: LabNode;
/** Where the backups were made. */
let place: Workplace;
/** A machine without a site file. */
let bare: Workplace;
let repository: string;
let disk: string;
let snapshots: ReadonlyMap<string, string>;

beforeAll(async () => {
  lab = await startLab();
  node = lab.node('pve1');
  place = new Workplace();
  bare = new Workplace();
  repository = join(place.folder, 'repository');
  addGuests();
  place.write('site.yaml', site());
  await place.makeRepository();
  await place.succeed('apply', 'site.yaml', '--yes');
  disk = sha256Of(diskFile(lab, 101, 'scsi0'));
  snapshots = await listSnapshots();
});

afterAll(async () => {
  place[Symbol.dispose]();
  bare[Symbol.dispose]();
  await lab.stop();
});

function addGuests(): void {
  const content = { kind: 'random', bytes: 1 << 20 } as const;
  addVm(lab, 'pve1', { vmid: 101, name: 'web', disks: [{ key: 'scsi0', sizeBytes: 4 << 20, content }] });
  const file = (name: string) => (root: string) => writeFileSync(`${root}/${name}`, `${name}\n`);
  addCt(lab, 'pve1', {
    vmid: 105,
    hostname: 'git',
    unprivileged: true,
    rootfs: file('in-root'),
    mountPoints: [
      { key: 'mp0', path: '/srv', backup: true, content: file('in-srv') },
      { key: 'mp1', path: '/cache', content: file('in-cache') },
      { key: 'mp2', path: '/share', bind: '/var/tmp' },
    ],
  });
  addCt(lab, 'pve1', { vmid: 106, hostname: 'image', template: true, rootfs: file('in-root') });
}

function site(): string {
  return labSite({
    hosts: { pve: byIdentity(node) },
    backups: ['{ name: all, host: pve, all: true, rpo: 24h }'],
  });
}

async function listSnapshots(): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await bare.succeed(...listing(), '--json');
  const found: readonly { guest: string; id: string }[] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  return new Map(found.map(({ guest, id }) => [guest, id]));
}

function listing(): readonly string[] {
  return ['snapshots', '--repo', repository, '--password-file', 'password'];
}

function snapshotOf(guest: string): string {
  const id = snapshots.get(guest);
  if (id === undefined) throw new Error(`there is no snapshot of ${guest}`);
  return id;
}

describe('pvebak snapshots --repo', () => {
  it('lists what is there', async () => {
    const { stdout } = await bare.succeed(...listing());
    expect(stdout).toMatch(/ qemu\/101 +all\n/);
    expect(stdout).toMatch(/\n3 snapshots\n$/);
  });

  it('lists one guest, for machines', async () => {
    const { stdout } = await bare.succeed(...listing(), '--guest', 'lxc/105', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ repository, guest: 'lxc/105', hostId: 'pve' });
  });

  it.each([
    ['PVEBAK_PASSWORD', { PVEBAK_PASSWORD: PASSWORD, RESTIC_PASSWORD: 'wrong' }],
    ['RESTIC_PASSWORD', { RESTIC_PASSWORD: PASSWORD }],
    [
      'RESTIC_PASSWORD_FILE, which restic takes before',
      { RESTIC_PASSWORD_FILE: 'spaced', RESTIC_PASSWORD: 'wrong' },
    ],
  ])('finds the password in %s', async (_, env) => {
    bare.write('spaced', ` ${PASSWORD} \n\n`);
    const ended = await bare.start(['snapshots', '--repo', repository], { env }).ended;
    expect(ended).toMatchObject({ stderr: '', status: 0 });
  });

  it('asks for the password otherwise, and does not show it', async () => {
    const { stdout, status } = await atTerminal(
      bare,
      ['snapshots', '--repo', repository],
      [[`password of the repository ${repository}: `, PASSWORD]],
    );
    expect(stdout).toContain('3 snapshots');
    expect(stdout).not.toContain(PASSWORD);
    expect(status).toBe(0);
  });

  it.each([
    ['a wrong password', ['--password-file', 'wrong'], 12, 'is it the password of this repository?'],
    ['no password and no terminal', [], 1, 'give --password-file FILE, or set PVEBAK_PASSWORD'],
    [
      'a password file that is not there',
      ['--password-file', 'absent'],
      1,
      '--password-file: cannot read absent',
    ],
    ['an empty one', ['--password-file', 'empty'], 1, '--password-file: empty gives an empty first line'],
  ])('says what to do about %s', async (_, options, status, message) => {
    bare.write('wrong', 'wrong\n');
    bare.write('empty', '');
    const ended = await bare.pvebak('snapshots', '--repo', repository, ...options);
    expect(ended).toMatchObject({ stderr: expect.stringContaining(message), status });
  });

  it.each([
    ['no repository', ['--repo', './nothing', '--password-file', 'password'], 10, 'is no repository'],
    ['neither site nor repository', [], 1, 'name the site file, or give --repo PATH'],
    ['both', ['site.yaml', '--repo', '.'], 1, 'only one of them'],
    ['--password-file with a site', ['site.yaml', '--password-file', 'password'], 1, 'goes with --repo'],
    [
      'a repository elsewhere',
      ['--repo', 's3:https://s3.example/bucket'],
      1,
      'repositories on s3 are not understood',
    ],
    ['a guest that is none', ['--repo', '.', '--guest', '101'], 1, '101 is no guest\n  write qemu/101'],
  ])('refuses %s', async (_, args, status, message) => {
    const ended = await bare.pvebak('snapshots', ...args);
    expect(ended).toMatchObject({ stderr: expect.stringContaining(message), status });
  });
});

describe('pvebak restore --repo --to root@NODE', () => {
  let vmid = 900;
  beforeEach(() => {
    vmid += 1;
  });

  function restoring(...options: readonly string[]): readonly string[] {
    const from = [snapshotOf('qemu/101'), '--repo', repository, '--password-file', 'password'];
    return ['restore', ...from, '--vmid', String(vmid), '--yes', ...options];
  }

  function toNode(...options: readonly string[]): readonly string[] {
    return restoring('--to', `root@${node.host}:${node.port}`, ...options);
  }

  function expectRestored(): void {
    expect(sha256Of(diskFile(lab, vmid, 'scsi0'))).toBe(disk);
  }

  it('logs in with a key, to the host with that host key', async () => {
    const login = ['--identity-file', node.identityFile, '--host-key', node.hostKeyFingerprint];
    const { stdout } = await bare.succeed(...toNode(...login));
    expect(stdout).toContain(`root@${node.host}:${node.port}`);
    expectRestored();
  });

  it('finds the host key in known_hosts files', async () => {
    bare.write('hosts', `${node.knownHostsLine}\n`);
    await bare.succeed(...toNode('--identity-file', node.identityFile, '--known-hosts', 'hosts'));
    expectRestored();
  });

  it('asks for a password, and does not show it', async () => {
    const args = toNode('--ask-password', '--host-key', node.hostKeyFingerprint);
    const { stdout, status } = await atTerminal(bare, args, [
      [`password of root@${node.host}:${node.port}: `, node.password],
    ]);
    expect(stdout).not.toContain(node.password);
    expect(status).toBe(0);
    expectRestored();
  });

  it('asks for the passphrase of a key', async () => {
    await bare.command('cp', node.identityFile, 'sealed');
    await bare.command('ssh-keygen', '-q', '-p', '-P', '', '-N', 'open sesame', '-f', 'sealed');
    const login = ['--identity-file', 'sealed', '--ask-passphrase', '--host-key', node.hostKeyFingerprint];
    const ended = await atTerminal(bare, toNode(...login), [['passphrase of sealed: ', 'open sesame']]);
    expect(ended.stdout).not.toContain('open sesame');
    expect(ended.status).toBe(0);
    expectRestored();
  });

  it('asks the agent when nothing else is said', async () => {
    const script = `ssh-add -q ${node.identityFile} && ${bare.line(...toNode('--host-key', node.hostKeyFingerprint))}`;
    const ended = await bare.command('ssh-agent', 'sh', '-c', script);
    expect(ended).toMatchObject({ status: 0 });
    expectRestored();
  });

  it('leaves no archive on the node, for nobody has asked for one', async () => {
    await bare.succeed(
      ...toNode(
        '--identity-file',
        node.identityFile,
        '--host-key',
        node.hostKeyFingerprint,
        '--dump-dir',
        '/var/tmp',
      ),
    );
    expect((await node.exec('ls /var/tmp /var/lib/vz/dump')).stdout).not.toContain('vzdump');
  });

  it('goes without SSH on the node itself', async () => {
    const { exitCode, stderr } = await node.exec(
      bare.line(...restoring('--to', 'local')).replace('LANG=', 'PATH=$PATH LANG='),
    );
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expectRestored();
  });

  it('says the host key of a node that is not known, and restores nothing', async () => {
    const ended = await bare.pvebak(...toNode('--identity-file', node.identityFile));
    expect(ended.stdout.replaceAll(/\s+/g, ' ')).toContain(node.hostKeyFingerprint);
    expect(ended.status).toBe(3);
    expect(findGuest(lab, vmid)).toBeUndefined();
  });

  it.each([
    ['a target that is none', ['--to', 'pve'], 'write root@NODE, root@NODE:PORT, or local'],
    ['a port that is none', ['--to', 'root@node:99999'], 'write root@NODE'],
    [
      'two ways to log in',
      ['--to', 'root@node', '--ask-password', '--identity-file', 'k'],
      'only one of them',
    ],
    ['a login to this machine', ['--to', 'local', '--identity-file', 'k'], 'nobody logs in to this machine'],
    ['a passphrase of nothing', ['--to', 'root@node', '--ask-passphrase'], 'goes with --identity-file'],
    ['a fingerprint that is none', ['--to', 'root@node', '--host-key', 'MD5:00:11'], 'is no fingerprint'],
  ])('refuses %s', async (_, options, message) => {
    const ended = await bare.pvebak(...restoring(...options));
    expect(ended).toMatchObject({ stderr: expect.stringContaining(message), status: 1 });
  });

  it('also takes a node that the site file does not know', async () => {
    const to = ['--to', `root@${node.host}:${node.port}`, '--host-key', node.hostKeyFingerprint];
    const login = ['--identity-file', node.identityFile, '--vmid', String(vmid), '--yes'];
    await place.succeed('restore', snapshotOf('qemu/101'), ...to, ...login);
    expectRestored();
  });
});

describe('pvebak kit', () => {
  interface Kit {
    readonly repositories: readonly {
      readonly id: string;
      readonly where: string;
      readonly keys: number;
      readonly password: object;
      readonly passwordLine: string;
      readonly listLines: readonly string[];
      readonly guests: readonly {
        guest: string;
        restic: string;
        pvebak: string;
        remarks: readonly string[];
      }[];
    }[];
  }

  async function readKit(): Promise<Kit['repositories'][number]> {
    const kit: Kit = JSON.parse((await place.succeed('kit', 'site.yaml', '--json')).stdout);
    const [first] = kit.repositories;
    if (first === undefined) throw new Error('the kit has no repository');
    return first;
  }

  /** Types a line of the kit on the node, or on a machine that has pvebak, behind the line that finds the password. */
  async function type(line: string, passwordLine: string): Promise<string> {
    const pvebak = `pvebak() { '${process.execPath}' '${ENTRY}' "$@"; }`;
    const settings = `export HOME=${bare.folder} RESTIC_CACHE_DIR=${bare.folder}/cache TZ=UTC; cd ${bare.folder}`;
    const lines = ['set -e -o pipefail', settings, pvebak, passwordLine, line];
    const { stdout, stderr, exitCode } = await node.exec(lines.join('\n'));
    if (exitCode !== 0) throw new Error(`${line} ended with ${exitCode}:\n${stdout}${stderr}`);
    return stdout;
  }

  async function loseAllGuests(): Promise<void> {
    for (const destroy of ['qm destroy 101', 'pct destroy 105', 'pct destroy 106'])
      await node.exec(`${destroy} --purge 1`);
    for (const vmid of [101, 105, 106]) expect(findGuest(lab, vmid)).toBeUndefined();
  }

  function expectAllBack(): void {
    expect(sha256Of(diskFile(lab, 101, 'scsi0'))).toBe(disk);
    for (const vmid of [105, 106])
      expect(sha256Of(join(containerFolder(lab, vmid), 'in-root'))).toBe(sha256OfText('in-root\n'));
    expect(sha256Of(join(containerFolder(lab, 105, 'mp0'), 'in-srv'))).toBe(sha256OfText('in-srv\n'));
    expect(findGuest(lab, 105)?.config.values.get('unprivileged')).toBe('1');
    expect(findGuest(lab, 106)?.config.values.get('template')).toBe('1');
  }

  function sha256OfText(text: string): string {
    return sha256Of(bare.write('text', text));
  }

  it('says where everything is, how it is opened and how it comes back, and no secret', async () => {
    const { stdout } = await place.succeed('kit', 'site.yaml');
    expect(stdout).not.toContain(PASSWORD);
    const { id, guests, listLines, passwordLine } = await readKit();
    expect(stdout).toContain(`  place     ${repository}\n  id        ${id}\n  keys      1; add a second`);
    expect(stdout).toContain(`  password  the first line of ${place.folder}/password\n`);
    for (const { restic, pvebak } of guests) expect(stdout).toContain(`    ${restic}\n    ${pvebak}\n`);
    for (const line of [passwordLine, ...listLines]) expect(stdout).toContain(`    ${line}\n`);
    expect(stdout).toContain('note: mp1 at /cache was not dumped, and comes back empty');
    expect(stdout).toContain('note: mp2 at /share was not dumped (bind mount)');
    expect(stdout).toContain('note: its configuration reaches the node: mp2: /var/tmp,mp=/share (a file or');
  });

  it('has one line with restic for each guest', async () => {
    const short = (guest: string) => snapshotOf(guest).slice(0, 8);
    const { guests } = await readKit();
    expect(guests.map(({ restic }) => restic)).toEqual([
      `restic -r ${repository} dump ${short('qemu/101')} /qemu/101/archive/vzdump-qemu-101.vma | qmrestore - 101`,
      `restic -r ${repository} dump ${short('lxc/105')} /lxc/105/archive/vzdump-lxc-105.tar | pct restore 105 - --rootfs local:0 --mp0 local:0,mp=/srv,backup=1 --mp1 local:0,mp=/cache --unprivileged 1`,
      `restic -r ${repository} dump ${short('lxc/106')} /lxc/106/archive/vzdump-lxc-106.tar | pct restore 106 - --rootfs local:0 --unprivileged 0 && pct template 106`,
    ]);
  });

  it('has lines that list what is there', async () => {
    const { listLines, passwordLine } = await readKit();
    for (const line of listLines) {
      const listed = await type(line, passwordLine);
      for (const guest of ['qemu/101', 'lxc/105', 'lxc/106'])
        expect(listed).toContain(snapshotOf(guest).slice(0, 8));
    }
  });

  it('brings every guest back with restic alone', async () => {
    const { guests, passwordLine } = await readKit();
    await loseAllGuests();
    for (const { restic } of guests) await type(restic, passwordLine);
    expectAllBack();
  });

  it('brings every guest back with pvebak alone', async () => {
    const { guests, passwordLine } = await readKit();
    await loseAllGuests();
    for (const { pvebak, remarks } of guests) {
      const isAsked = remarks.some((remark) => remark.includes('add --allow host-access'));
      await type(`${pvebak} --yes${isAsked ? ' --allow host-access' : ''}`, passwordLine);
    }
    expectAllBack();
  });

  it.each([
    [
      '{ env: MY_PASSWORD }',
      'password  the environment variable MY_PASSWORD',
      'export RESTIC_PASSWORD="$MY_PASSWORD"',
    ],
    [
      '{ command: "cat ./password" }',
      'password  the first line that this prints: cat ./password',
      `export RESTIC_PASSWORD="$(sh -c 'cat ./password' | head -n 1)"`,
    ],
    [
      '{ credential: backup }',
      'password  the systemd credential backup',
      'Both programs ask for the password where',
    ],
    [`'${PASSWORD}'`, 'password  in the site file itself', 'Both programs ask for the password where'],
  ])('says how the password %s is found', async (password, words, line) => {
    const hosts = { pve: byIdentity(node) };
    place.write('other.yaml', labSite({ hosts, password }));
    place.write('backup', `${PASSWORD}\n`);
    const env = { MY_PASSWORD: PASSWORD, CREDENTIALS_DIRECTORY: place.folder };
    for (const format of [[], ['--json']]) {
      const { stdout, stderr, status } = await place.start(['kit', 'other.yaml', ...format], { env }).ended;
      expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
      expect(stdout).not.toContain(PASSWORD);
      if (format.length === 0) expect(stdout).toContain(words);
      if (format.length === 0) expect(stdout).toContain(line);
    }
  });

  it('goes on where a repository is not made yet', async () => {
    place.write('new.yaml', labSite({ hosts: { pve: byIdentity(node) }, repository: './not-yet' }));
    const { stdout } = await place.succeed('kit', 'new.yaml');
    expect(stdout).toContain('/not-yet holds no repository yet: pvebak init');
  });

  it('says which snapshot cannot be read', async () => {
    const copy = join(place.folder, 'damaged');
    await place.command('cp', '-a', repository, copy);
    rmSync(join(copy, 'data'), { recursive: true });
    place.write('damaged.yaml', labSite({ hosts: { pve: byIdentity(node) }, repository: './damaged' }));
    const { stdout, status } = await place.pvebak('kit', 'damaged.yaml');
    expect(stdout).toMatch(/qemu\/101 of pve\n.*\n {2}IT CANNOT BE READ: /);
    expect(status).toBe(3);
  });
});

describe('help', () => {
  it.each(['restore', 'snapshots', 'kit'])('of %s shows an example', async (command) => {
    const { stdout } = await bare.succeed(command, '--help');
    expect(stdout).toMatch(new RegExp(`Examples?:\n(?: .*\n)* {2}pvebak ${command} `));
  });
});
