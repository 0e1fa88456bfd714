/** Guests of every kind come back as they were: bits of disks, and of files their content, owner, mode, links and times. */
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  addCt,
  addVm,
  changeFileInVmDisk,
  containerFolder,
  diskFile,
  findGuest,
  readFileInVmDisk,
  runState,
  setRunState,
} from '../lab/guests.ts';
import { type Lab, startLab } from '../lab/lab.ts';
import { describeFiles, sha256Of } from './guest-files.ts';
import { byIdentity, labSite } from './lab-site.ts';
import { flat, Workplace } from './program.ts';

let lab: Lab;
let place: Workplace;
/** Guest → its snapshot. */
let snapshots: ReadonlyMap<string, string>;

beforeAll(async () => {
  lab = await startLab();
  place = new Workplace();
  addGuests();
  place.write('backups.yaml', backupsOnly());
  place.write('site.yaml', site());
  await place.makeRepository();
  await place.succeed('apply', 'backups.yaml', '--yes');
  snapshots = await listSnapshots();
});

afterAll(async () => {
  place[Symbol.dispose]();
  await lab.stop();
});

function addGuests(): void {
  const files = `${lab.dir}/files`;
  fillWithOddities(files);
  const folder = { kind: 'folder', path: files } as const;
  const scsi0 = { key: 'scsi0', sizeBytes: 32 << 20, content: folder };
  const scsi1 = {
    key: 'scsi1',
    sizeBytes: (4 << 20) + 512,
    content: { kind: 'random', bytes: 3 << 20 },
  } as const;
  addVm(lab, 'pve1', { vmid: 101, name: 'web', efidisk: true, disks: [scsi0, scsi1], tags: ['gold'] });
  addVm(lab, 'pve1', { vmid: 102, name: 'diskless', tags: ['small'] });
  addVm(lab, 'pve1', { vmid: 103, name: 'golden-image', template: true, disks: [scsi0] });
  addCt(lab, 'pve1', { vmid: 105, hostname: 'privileged', rootfs: fillWithOddities, tags: ['small'] });
  addCt(lab, 'pve1', {
    vmid: 106,
    hostname: 'unprivileged',
    unprivileged: true,
    rootfs: fillWithOddities,
    mountPoints: [{ key: 'mp0', path: '/srv/data', backup: true, content: fillWithOddities }],
    firewall: '[OPTIONS]\nenable: 1\n',
  });
}

function fillWithOddities(root: string): void {
  mkdirSync(`${root}/etc`, { recursive: true });
  writeFileSync(`${root}/etc/hello`, 'hello\n');
  linkSync(`${root}/etc/hello`, `${root}/etc/the same`);
  symlinkSync('../etc/hello', `${root}/etc/points`);
  writeFileSync(`${root}/etc/naïve \\ "name"`, Buffer.alloc(200_000, 'large enough to be cut out'));
  writeFileSync(`${root}/setuid`, '#!/bin/sh\n');
  chownSync(`${root}/setuid`, 100_033, 1000);
  chmodSync(`${root}/setuid`, 0o4751);
  mkdirSync(`${root}/sticky`, { mode: 0o755 });
  chmodSync(`${root}/sticky`, 0o1777);
  utimesSync(`${root}/setuid`, 1_000_000_000, 1_000_000_000);
}

function backupsOnly(): string {
  const hosts = { pve: byIdentity(lab.node('pve1')) };
  return labSite({ hosts, backups: ['{ name: everything, host: pve, all: true }'] });
}

/** Entries that make new guests act at once; those that would overwrite wait to be named. */
function site(): string {
  const restored = [
    ['qemu/101', 901],
    ['qemu/102', 902],
    ['qemu/103', 903],
    ['lxc/105', 905],
    ['lxc/106', 906],
  ].map(
    ([guest, vmid]) => `{ name: to-${vmid}, guest: ${guest}, from: pve, to: { host: pve, vmid: ${vmid} } }`,
  );
  const over = (vmid: number) => `guest: qemu/101, from: pve, to: { host: pve, vmid: ${vmid} }, manual: true`;
  return labSite({
    hosts: { pve: byIdentity(lab.node('pve1'), { cleanup: 'true' }) },
    backups: [
      '{ name: everything, host: pve, all: true, exclude: { vmid: [901, 902, 903, 905, 906, 911] } }',
    ],
    restores: [
      ...restored,
      `{ name: back, ${over(101)}, on_existing: replace }`,
      `{ name: careful, ${over(901)}, on_existing: fail }`,
    ],
  });
}

describe('restores of the site file', () => {
  it('are shown in the plan, and done by apply after the backups', async () => {
    const plan = await place.pvebak('plan', 'site.yaml');
    expect(flat(plan.stdout)).toMatch(/\+ to-901 qemu\/101 web of \w{3} [^+]* to qemu\/901 on pve\/pve1/);
    expect(plan.stdout).toContain('only when named (--restore NAME): back, careful');
    const applied = await place.pvebak('apply', 'site.yaml', '--yes');
    expect(applied).toMatchObject({
      status: 0,
      stderr: '',
      stdout: expect.stringMatching(/\n5 restored\n$/),
    });
  });

  it.each([
    [101, 901, ['scsi0', 'scsi1', 'efidisk0']],
    [103, 903, ['scsi0']],
  ])('bring the disks of VM %i to VM %i, bit for bit', (from, to, keys) => {
    for (const key of keys) expect(sha256Of(diskFile(lab, to, key))).toBe(sha256Of(diskFile(lab, from, key)));
  });

  it.each([
    [105, 905, 'rootfs'],
    [106, 906, 'rootfs'],
    [106, 906, 'mp0'],
  ])('bring the files of container %i to container %i: %s', (from, to, key) => {
    const [before, after] = [from, to].map((vmid) => describeFiles(containerFolder(lab, vmid, key)));
    expect(before?.size).toBeGreaterThan(5);
    expect(withoutOwnTrace(after)).toEqual(before);
  });

  it.each([
    [901, { name: 'web', tags: 'gold', scsihw: 'virtio-scsi-single' }],
    [902, { name: 'diskless' }],
    [903, { name: 'golden-image', template: '1' }],
    [905, { hostname: 'privileged' }],
    [906, { hostname: 'unprivileged', unprivileged: '1', mp0: expect.stringContaining('mp=/srv/data') }],
  ])('keep the configuration of guest %i', (vmid, wanted) => {
    expect(Object.fromEntries(findGuest(lab, vmid)?.config.values ?? [])).toMatchObject(wanted);
  });

  it('name the snapshot in the description of the guest', () => {
    expect(findGuest(lab, 901)?.config.description).toMatch(/^pvebak: restored from [0-9a-f]{64}\n?$/);
  });

  it('leave no archive in the dump folder with `cleanup: true`', async () => {
    expect((await lab.node('pve1').exec('ls -A /var/lib/vz/dump')).stdout).toBe('');
  });

  it('are at rest once their target exists', async () => {
    const { stdout, status } = await place.pvebak('plan', 'site.yaml', '--detailed-exitcode');
    expect(stdout).toMatch(/target exists: to-901 \(qemu\/901 web\), to-902/);
    expect(status).toBe(0);
  });
});

describe('a restore over a guest that exists', () => {
  it('is refused where the site says on_existing: fail', async () => {
    const { stdout, status } = await place.pvebak('apply', 'site.yaml', '--yes', '--restore', 'careful');
    expect(flat(stdout)).toContain(
      'restore careful: qemu/901 web exists; on_existing: replace would overwrite it',
    );
    expect(status).toBe(3);
  });

  it('needs --allow replace, since --yes alone does not overwrite', async () => {
    const { stderr, status } = await place.pvebak('apply', 'site.yaml', '--yes', '--restore', 'back');
    expect(stderr).toContain('give --allow replace');
    expect(status).toBe(1);
  });

  it('stops it, and brings the state of the backup back', async () => {
    const original = sha256Of(diskFile(lab, 901, 'scsi0'));
    changeHello('spoiled\n');
    setRunState(lab, 101, 'running');
    const done = await place.pvebak('apply', 'site.yaml', '--allow', 'replace', '--restore', 'back');
    expect(done).toMatchObject({ status: 0, stdout: expect.stringContaining('OVERWRITES qemu/101 web') });
    expect(sha256Of(diskFile(lab, 101, 'scsi0'))).toBe(original);
    expect(runState(lab, 101)).toBe('stopped');
  });

  it('works from the command line with --replace, for a running container as for a stopped VM', async () => {
    const original = describeFiles(containerFolder(lab, 905));
    writeFileSync(`${containerFolder(lab, 105)}/etc/hello`, 'spoiled\n');
    setRunState(lab, 105, 'running');
    changeHello('spoiled\n');
    for (const guest of ['lxc/105', 'qemu/101']) {
      const done = await place.pvebak('restore', snapshotOf(guest), '--to', 'pve', '--replace', '--yes');
      expect(done).toMatchObject({ status: 0, stderr: '' });
    }
    expect(describeFiles(containerFolder(lab, 105))).toEqual(original);
    expect(readFileInVmDisk(lab, { vmid: 101, key: 'scsi0' }, '/etc/hello').toString()).toBe('hello\n');
  });

  it('is refused by the command line without --replace', async () => {
    const done = await place.pvebak('restore', snapshotOf('qemu/101'), '--to', 'pve', '--yes');
    expect(done).toMatchObject({ status: 3, stdout: expect.stringContaining('qemu/101 web exists') });
  });
});

describe('a restore with when: changed', () => {
  beforeAll(() => {
    const hosts = { pve: byIdentity(lab.node('pve1'), { cleanup: 'true' }) };
    const again = ['{ name: again, host: pve, vmid: 105, rpo: 1s }'];
    place.write('again.yaml', labSite({ hosts, backups: again }));
    const restores = [
      '{ name: mirror, guest: lxc/105, from: pve, to: { host: pve, vmid: 921 }, when: changed, on_existing: replace }',
    ];
    place.write('mirror.yaml', labSite({ hosts, restores }));
  });

  it('restores once', async () => {
    const first = await place.pvebak('apply', 'mirror.yaml', '--yes');
    expect(first).toMatchObject({ status: 0, stderr: '', stdout: expect.stringMatching(/\n1 restored\n$/) });
    const second = await place.pvebak('apply', 'mirror.yaml', '--allow', 'replace', '--yes');
    expect(second).toMatchObject({ status: 0, stderr: '' });
    expect(flat(second.stdout)).toContain('restored from the wanted snapshot: mirror (lxc/921 privileged)');
    expect(second.stdout).toContain('\nNothing to do.\n');
  });

  it('overwrites what it made once there is a newer snapshot, and only when that is allowed', async () => {
    writeFileSync(`${containerFolder(lab, 105)}/etc/hello`, 'changed\n');
    await place.succeed('apply', 'again.yaml', '--yes');
    const held = await place.pvebak('apply', 'mirror.yaml', '--yes');
    expect(held).toMatchObject({
      status: 0,
      stderr: 'pvebak: nothing is overwritten, as --allow replace is not given: mirror\n',
    });
    const before = snapshotOf('lxc/105').slice(0, 8);
    expect(flat(held.stdout)).toContain(`OVERWRITES lxc/921 privileged, restored from ${before}`);
  });

  it('is carried out once by a saved plan that is applied twice', async () => {
    await place.succeed('plan', 'mirror.yaml', '--out', 'plan.json');
    const first = await place.pvebak('apply', 'plan.json');
    expect(first).toMatchObject({ status: 0, stdout: expect.stringMatching(/\n1 restored\n$/) });
    expect(readFileSync(`${containerFolder(lab, 921)}/etc/hello`, 'utf8')).toBe('changed\n');
    const second = await place.pvebak('apply', 'plan.json');
    expect(second).toMatchObject({
      status: 4,
      stdout: expect.stringContaining('it was restored since, at '),
    });
  });
});

describe('a restore with select, whose source is silent', () => {
  beforeAll(() => {
    const group = [
      'name: lab',
      'select: { host: pve, node: pve1, tags: [small] }',
      'order: [lxc/105, qemu/102]',
      'map: { storage: { local: fast } }',
      'to: { host: lab, vmid_offset: 2000, unique: true }',
    ].join(', ');
    // Nobody waits for a host with another key to come up.
    const silent = byIdentity(lab.node('pve1'), { host_key: `SHA256:${'A'.repeat(43)}` });
    const hosts = { pve: silent, lab: byIdentity(lab.node('pve1'), { cleanup: 'true' }) };
    place.write('disaster.yaml', labSite({ hosts, restores: [`{ ${group} }`] }));
  });

  it('takes the guests that their backups say are to be taken', async () => {
    const plan = await place.pvebak('plan', 'disaster.yaml');
    expect(plan).toMatchObject({ status: 3, stderr: '' });
    expect(flat(plan.stdout)).toMatch(
      /\+ lab\/lxc\/105 lxc\/105 privileged of [^+]* of tag small, node pve1, to lxc\/2105 on lab\/pve1, storage local -> fast[^+]* \+ lab\/qemu\/102 qemu\/102 diskless of /,
    );
    expect(flat(plan.stdout)).toMatch(/2 to restore, 1 problem\.$/);
  });

  it('restores them in its order, onto the mapped storage', async () => {
    const { stdout } = await place.pvebak('apply', 'disaster.yaml', '--yes', '--json');
    const events = stdout
      .trim()
      .split('\n')
      .map((text): { kind: string; item?: string; outcome?: { kind: string } } => JSON.parse(text))
      .filter(({ kind }) => ['item-started', 'item-ended'].includes(kind))
      .map(({ kind, item, outcome }) => `${kind} ${item} ${outcome?.kind ?? ''}`.trim());
    expect(events).toEqual([
      'item-started restore lab/lxc/105',
      'item-ended restore lab/lxc/105 restored',
      'item-started restore lab/qemu/102',
      'item-ended restore lab/qemu/102 restored',
    ]);
    expect(findGuest(lab, 2105)?.config.values.get('rootfs')).toMatch(/^fast:/);
  });

  it('is at rest then, and can be asked for one guest again', async () => {
    const { stdout } = await place.pvebak('plan', 'disaster.yaml');
    expect(flat(stdout)).toContain('target exists: lab/lxc/105 (lxc/2105 privileged), lab/qemu/102 (');
    const named = await place.pvebak('plan', 'disaster.yaml', '--restore', 'lab/qemu/102');
    expect(flat(named.stdout)).toContain('restore lab/qemu/102: qemu/2102 diskless exists');
  });
});

it('--unique, --storage and --start do what they say', async () => {
  const options = ['--vmid', '911', '--unique', '--storage', 'fast', '--start', '--yes'];
  const done = await place.pvebak('restore', snapshotOf('qemu/101').slice(0, 8), '--to', 'pve', ...options);
  expect(done).toMatchObject({ status: 0, stderr: '' });
  const { values } = findGuest(lab, 911)?.config ?? { values: new Map<string, string>() };
  expect(values.get('scsi0')).toMatch(/^fast:/);
  expect(values.get('smbios1')).not.toBe(findGuest(lab, 101)?.config.values.get('smbios1'));
  expect(runState(lab, 911)).toBe('running');
});

function changeHello(content: string): void {
  changeFileInVmDisk(lab, { vmid: 101, key: 'scsi0' }, { path: '/etc/hello', content });
}

async function listSnapshots(): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await place.pvebak('snapshots', 'site.yaml', '--json');
  const found = stdout
    .trim()
    .split('\n')
    .map((line): { guest: string; id: string } => JSON.parse(line));
  return new Map(found.map(({ guest, id }) => [guest, id]));
}

function snapshotOf(guest: string): string {
  return snapshots.get(guest) ?? 'none';
}

/** pct restore leaves the configuration that the archive carried in the container. */
function withoutOwnTrace(files: ReadonlyMap<string, string> | undefined): ReadonlyMap<string, string> {
  return new Map([...(files ?? [])].filter(([path]) => !path.startsWith('etc/vzdump')));
}
