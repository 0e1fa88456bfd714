/** What Plakar's Proxmox integration does, option by option; the table in the README names each test. */
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addCt, addPool, addVm, diskFile, findGuest, runState, setRunState } from '../lab/guests.ts';
import { type Lab, startLab } from '../lab/lab.ts';
import { runProgram } from '../lab/run-program.ts';
import { sha256Of } from './guest-files.ts';
import { byIdentity, labSite } from './lab-site.ts';
import { flat, Workplace } from './program.ts';

let lab: Lab;
let place: Workplace;

beforeAll(async () => {
  lab = await startLab();
  const scsi0 = { key: 'scsi0', sizeBytes: 4 << 20, content: { kind: 'random', bytes: 2 << 20 } } as const;
  addVm(lab, 'pve1', { vmid: 101, name: 'web', disks: [scsi0] });
  addVm(lab, 'pve1', { vmid: 107, name: 'db' });
  addCt(lab, 'pve1', { vmid: 105, hostname: 'git' });
  addPool(lab, { id: 'prod', vmids: ['101'] });
  addPool(lab, { id: 'prod/db', vmids: ['107'] });
});
afterAll(() => lab.stop());
beforeEach(() => {
  place = new Workplace();
  return () => place[Symbol.dispose]();
});

describe('selection', () => {
  it.each([
    ['vmid: 101', ['qemu/101']],
    ['vmid: [101, 105]', ['qemu/101', 'lxc/105']],
    ['pool: prod', ['qemu/101']],
    ['pool: prod/db', ['qemu/107']],
    ['all: true', ['qemu/101', 'lxc/105', 'qemu/107']],
  ])('%s backs up these guests and no other', async (select, guests) => {
    await apply({}, select);
    const { stdout } = await place.succeed('snapshots', 'site.yaml', '--json');
    const backedUp = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).guest);
    expect(backedUp.toSorted()).toEqual(guests.toSorted());
  });

  it('exactly one of vmid, pool and all: two are refused, and named', async () => {
    write({}, 'vmid: 101, all: true');
    const { status, stderr } = await place.pvebak('validate', 'site.yaml');
    expect(status).toBe(5);
    expect(flat(stderr)).toMatch(/vmid.*all/);
  });
});

describe('ways in', () => {
  it('location: the first of several that answers', async () => {
    const node = lab.node('pve1');
    await apply(
      { location: `["proxmox://127.0.0.1:9", "proxmox://${node.host}:${node.port}"]` },
      'vmid: 107',
    );
  });

  it('conn_identity_key: the key itself, as a secret', async () => {
    const key = { conn_identity_key: `{ file: ${lab.identityFile} }` };
    await apply({ ...key, conn_identity_file: '' }, 'vmid: 107');
  });

  it('a key with a passphrase, and a clear word when it is wrong', async () => {
    const { key, publicKey } = keyWithPassphrase('secret of the key');
    await lab.node('pve1').exec(`cat >> /root/.ssh/authorized_keys; true`, publicKey);
    const wrong = { conn_identity_file: key, conn_passphrase: 'wrong' };
    write(wrong, 'vmid: 107');
    await place.makeRepository();
    const refused = await place.pvebak('plan', 'site.yaml');
    expect(refused.status).toBe(3);
    expect(flat(refused.stdout)).toMatch(/passphrase/i);
    expect(refused.stdout + refused.stderr).not.toContain('secret of the key');
  });

  it('an identity file that is none', async () => {
    write({ conn_identity_file: place.write('no-key', 'hello\n') }, 'vmid: 107');
    await place.makeRepository();
    const refused = await place.pvebak('plan', 'site.yaml');
    expect(refused.status).toBe(3);
    expect(flat(refused.stdout)).toMatch(/no-key/);
  });
});

describe('restore', () => {
  it('one vmid out of several, as cat, qmrestore and rm do it, with dump_dir and cleanup: true', async () => {
    const dumps = lab.node('pve1').path('/var/lib/vz/elsewhere');
    mkdirSync(dumps, { recursive: true });
    await apply({ dump_dir: '/var/lib/vz/elsewhere', cleanup: 'true' }, 'all: true');
    await restore('qemu/101', '--vmid', '901', '--mode', 'staged');
    expect(sha256Of(diskFile(lab, 901, 'scsi0'))).toBe(sha256Of(diskFile(lab, 101, 'scsi0')));
    expect(readdirSync(dumps)).toEqual([]);
  });

  it('cleanup: false leaves the archive in dump_dir', async () => {
    const dumps = lab.node('pve1').path('/var/lib/vz/kept');
    mkdirSync(dumps, { recursive: true });
    await apply({ dump_dir: '/var/lib/vz/kept', cleanup: 'false' }, 'vmid: 105');
    await restore('lxc/105', '--vmid', '905', '--mode', 'staged');
    expect(readdirSync(dumps)).toEqual([expect.stringMatching(/^vzdump-lxc-105-.*\.tar$/)]);
    expect(findGuest(lab, 905)).toMatchObject({ type: 'lxc' });
  });

  it('stops and overwrites the guest with the same vmid, but only when that is asked for', async () => {
    await apply({}, 'vmid: 101');
    setRunState(lab, 101, 'running');
    const [line = ''] = (await place.succeed('snapshots', 'site.yaml')).stdout.split('\n').slice(1);
    const refused = await place.pvebak('restore', line.slice(0, 8), '--to', 'pve', '--yes');
    expect(refused.status).not.toBe(0);
    expect(runState(lab, 101)).toBe('running');
    await restore('qemu/101', '--replace');
    expect(runState(lab, 101)).toBe('stopped');
  });
});

function write(host: Readonly<Record<string, string>>, select: string): void {
  const keys = Object.entries({ ...host }).filter(([, value]) => value !== '');
  const lines = byIdentity(lab.node('pve1'), Object.fromEntries(keys)).filter(
    (each) =>
      !(
        'conn_identity_file' in host &&
        host['conn_identity_file'] === '' &&
        each.startsWith('conn_identity_file')
      ),
  );
  place.write(
    'site.yaml',
    labSite({ hosts: { pve: lines }, backups: [`{ name: all, host: pve, ${select} }`] }),
  );
}

async function apply(host: Readonly<Record<string, string>>, select: string): Promise<void> {
  write(host, select);
  await place.makeRepository();
  await place.succeed('apply', 'site.yaml', '--yes');
}

async function restore(guest: string, ...options: readonly string[]): Promise<void> {
  const { stdout } = await place.succeed('snapshots', 'site.yaml', '--guest', guest);
  const id = stdout.split('\n')[1]?.split(' ')[0] ?? '';
  await place.succeed('restore', id, '--to', 'pve', '--yes', ...options);
}

function keyWithPassphrase(passphrase: string): { readonly key: string; readonly publicKey: string } {
  const key = `${place.folder}/key`;
  if (!existsSync(key)) runProgram('ssh-keygen', ['-q', '-t', 'ed25519', '-N', passphrase, '-f', key]);
  return { key, publicKey: readFileSync(`${key}.pub`, 'utf8') };
}
