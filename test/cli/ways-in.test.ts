/** With a password, and on the node itself; and what is secret stays with the program. */
import { copyFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addCt, addVm, diskFile, findGuest } from '../lab/guests.ts';
import { type Lab, startLab } from '../lab/lab.ts';
import { runProgram } from '../lab/run-program.ts';
import { sha256Of } from './guest-files.ts';
import { byIdentity, byPassword, labSite } from './lab-site.ts';
import { flat, Workplace } from './program.ts';

const CANARY = 'canary-of-the-repository';
const BACKUPS = ['{ name: all, host: pve, vmid: [101, 105] }'];
let lab: Lab;
let place: Workplace;

beforeAll(async () => {
  lab = await startLab();
  const scsi0 = { key: 'scsi0', sizeBytes: 8 << 20, content: { kind: 'random', bytes: 4 << 20 } } as const;
  addVm(lab, 'pve1', { vmid: 101, name: 'web', disks: [scsi0] });
  addCt(lab, 'pve1', { vmid: 105, hostname: 'git' });
});

afterAll(() => lab.stop());

beforeEach(() => {
  place = new Workplace();
  return () => place[Symbol.dispose]();
});

describe('with the password of the node', () => {
  it('all works, and neither password is in any output, argument or environment', async () => {
    place.write('password', `${CANARY}\n`);
    place.write('login', `${lab.password}\n`);
    const host = byPassword(lab.node('pve1'), '{ file: ./login }');
    place.write('site.yaml', labSite({ hosts: { pve: host }, backups: BACKUPS }));
    const secrets = [CANARY, lab.password];
    const init = await place.succeed('init', 'site.yaml');
    const watched = watchProcesses(secrets);
    const apply = await place.succeed('apply', 'site.yaml', '--yes', '--json');
    const [snapshot = ''] = place.stored('snapshots');
    const restore = await place.pvebak('restore', snapshot, '--to', 'pve', '--vmid', '901', '--yes');
    expect(await watched.end()).toEqual([]);
    for (const { stdout, stderr } of [init, apply, restore])
      for (const secret of secrets) expect(stdout + stderr).not.toContain(secret);
    expect(restore.status).toBe(0);
    expect(findGuest(lab, 901)).toBeDefined();
  });
});

describe('with a key that has a passphrase', () => {
  const PASSPHRASE = 'canary-of-the-passphrase';

  it.each(['ssh2', 'openssh'])(
    'all works by %s, and neither the key nor its passphrase is in any output, argument, environment or log',
    async (client) => {
      const key = join(place.folder, 'key');
      copyFileSync(lab.identityFile, key);
      runProgram('ssh-keygen', ['-q', '-p', '-P', '', '-N', PASSPHRASE, '-f', key]);
      const node = lab.node('pve1');
      place.write('passphrase', `${PASSPHRASE}\n`);
      const login = {
        conn_identity_file: key,
        conn_passphrase: '{ file: ./passphrase }',
        conn_client: client,
      };
      place.write('site.yaml', labSite({ hosts: { pve: byIdentity(node, login) }, backups: BACKUPS }));
      await place.makeRepository();
      const secrets = [PASSPHRASE, ...readFileSync(key, 'utf8').split('\n').slice(1, 4)];
      const watched = watchProcesses(secrets);
      const apply = await place.succeed('apply', 'site.yaml', '--yes', '--json');
      const wrong = await place.pvebak('plan', place.write('wrong.yaml', siteWithWrong(login)));
      expect(await watched.end()).toEqual([]);
      const log = await place.succeed('dump', 'qemu/101', 'vzdump.log');
      for (const { stdout, stderr } of [apply, wrong, log])
        for (const secret of secrets) expect(stdout + stderr).not.toContain(secret);
      expect(flat(wrong.stdout)).toContain('passphrase');
    },
  );

  function siteWithWrong(login: Readonly<Record<string, string>>): string {
    place.write('other', 'not the passphrase\n');
    const host = byIdentity(lab.node('pve1'), { ...login, conn_passphrase: '{ file: ./other }' });
    return labSite({ hosts: { pve: host }, backups: BACKUPS });
  }
});

describe('on the node itself, with mode: local', () => {
  it('all works, and the tools are not told the password, not even from the environment', async () => {
    const password = '{ env: PVEBAK_PASSWORD }';
    place.write('site.yaml', labSite({ hosts: { pve: ['mode: local'] }, backups: BACKUPS, password }));
    const watched = watchProcesses([CANARY], (command) => !command.includes('pvebak.ts'));
    await onNode('init', 'site.yaml');
    expect(await onNode('apply', 'site.yaml', '--yes')).toMatch(/\n2 backed up: /);
    const { stdout } = await lab.node('pve1').exec(`${settings()} ${place.line('snapshots', 'site.yaml')}`);
    const id = /^([0-9a-f]{8}) .*qemu\/101/m.exec(stdout)?.[1] ?? '';
    expect(await onNode('restore', id, '--to', 'pve', '--vmid', '911', '--yes')).toMatch(/\n1 restored\n$/);
    expect(await watched.end()).toEqual([]);
    expect(sha256Of(diskFile(lab, 911, 'scsi0'))).toBe(sha256Of(diskFile(lab, 101, 'scsi0')));
  });
});

async function onNode(...args: readonly string[]): Promise<string> {
  const { stdout, stderr, exitCode } = await lab.node('pve1').exec(`${settings()} ${place.line(...args)}`);
  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
  return stdout;
}

function settings(): string {
  return `export PVEBAK_PASSWORD=${CANARY};`;
}

interface Watching {
  /** @returns the command lines of processes that knew a secret by their arguments or their environment */
  end(): Promise<readonly string[]>;
}

/** Looks through all processes of this machine again and again. */
function watchProcesses(
  secrets: readonly string[],
  concerns: (command: string) => boolean = () => true,
): Watching {
  const found = new Set<string>();
  let watching = true;
  const looking = (async () => {
    for (; watching; await sleep(30)) for (const command of knowing(secrets)) found.add(command);
  })();
  return {
    async end() {
      watching = false;
      await looking;
      return [...found].filter(concerns);
    },
  };
}

function knowing(secrets: readonly string[]): readonly string[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => {
    const [command, environment] = [read(`/proc/${pid}/cmdline`), read(`/proc/${pid}/environ`)];
    return secrets.some((secret) => `${command}${environment}`.includes(secret)) ? [command] : [];
  });
}

/** Nothing when the process is gone. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}
