/** Guests of every kind come back to every target by every way, several in one command. */
import { linkSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  addCt,
  addVm,
  changeFileInVmDisk,
  containerFolder,
  diskFile,
  findGuest,
  runState,
  setRunState,
} from '../lab/guests.ts';
import { type Lab, startLab } from '../lab/lab.ts';
import type { LabNode } from '../lab/lab-node.ts';
import { describeFiles, sha256Of } from './guest-files.ts';
import { byIdentity, labSite } from './lab-site.ts';
import { flat, Workplace } from './program.ts';

const GUESTS = [
  ['VM', 101, 'qm'],
  ['diskless VM', 102, 'qm'],
  ['template of a VM', 103, 'qm'],
  ['privileged container', 105, 'pct'],
  ['unprivileged container with mount points', 106, 'pct'],
  ['template of a container', 107, 'pct'],
] as const;
const ALL = 'qemu/101,qemu/102,qemu/103,lxc/105,lxc/106,lxc/107';
const DISKS = ['scsi0', 'scsi1', 'efidisk0', 'rootfs', 'mp0', 'mp1'];

let lab: Lab;
let node: LabNode;
let place: Workplace;
let originals: ReadonlyMap<number, ReturnType<typeof look>>;

beforeAll(async () => {
  lab = await startLab();
  node = lab.node('pve1');
  place = new Workplace();
  addGuests();
  const hosts = { pve: byIdentity(node, { cleanup: 'true' }) };
  place.write('site.yaml', labSite({ hosts, backups: ['{ name: everything, host: pve, all: true }'] }));
  await place.makeRepository();
  await place.succeed('apply', 'site.yaml', '--yes');
  originals = new Map(GUESTS.map(([, vmid]) => [vmid, look(vmid)]));
});

afterAll(async () => {
  place[Symbol.dispose]();
  await lab.stop();
});

function addGuests(): void {
  const files = `${lab.dir}/files`;
  fill(files);
  const scsi0 = { key: 'scsi0', sizeBytes: 16 << 20, content: { kind: 'folder', path: files } } as const;
  const random = { kind: 'random', bytes: 2 << 20 } as const;
  const scsi1 = { key: 'scsi1', storage: 'fast', sizeBytes: (4 << 20) + 512, content: random } as const;
  addVm(lab, 'pve1', { vmid: 101, name: 'web', efidisk: true, disks: [scsi0, scsi1], firewall: FIREWALL });
  addVm(lab, 'pve1', { vmid: 102, name: 'diskless' });
  addVm(lab, 'pve1', { vmid: 103, name: 'golden', template: true, disks: [scsi0] });
  addCt(lab, 'pve1', { vmid: 105, hostname: 'privileged', rootfs: fill, config: { net0: NET } });
  addCt(lab, 'pve1', {
    vmid: 106,
    hostname: 'unprivileged',
    unprivileged: true,
    rootfs: fill,
    mountPoints: [
      { key: 'mp0', path: '/srv/data', storage: 'fast', backup: true, content: fill },
      { key: 'mp1', path: '/cache', content: () => undefined },
      { key: 'mp2', path: '/share', bind: '/var/tmp' },
    ],
  });
  addVm(lab, 'pve1', { vmid: 104, name: 'odd', config: { args: ARGS } });
  const share = { key: 'mp0', path: '/share', bind: '/var/tmp' } as const;
  addCt(lab, 'pve1', { vmid: 108, hostname: 'box', unprivileged: true, rootfs: fill, mountPoints: [share] });
  addCt(lab, 'pve1', { vmid: 107, hostname: 'image', template: true, unprivileged: true, rootfs: fill });
}

const ARGS = "-device 'x'";
const FIREWALL = '[OPTIONS]\nenable: 1\n';
const NET = 'name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:01:05,type=veth';

function fill(root: string): void {
  mkdirSync(`${root}/etc`, { recursive: true });
  writeFileSync(`${root}/etc/hello`, 'hello\n');
  linkSync(`${root}/etc/hello`, `${root}/etc/the same`);
  symlinkSync('../etc/hello', `${root}/etc/points`);
  writeFileSync(`${root}/large`, Buffer.alloc(200_000, 'large enough to be cut out'), { mode: 0o640 });
  utimesSync(`${root}/large`, 1_000_000_000, 1_000_000_000);
}

/** Everything that must come back: data of each volume, and the configuration without the names of volumes. */
function look(vmid: number) {
  const values = [...(findGuest(lab, vmid)?.config.values ?? [])].filter(([key]) => key !== 'vmgenid');
  const config = values.map(([key, value]) => [
    key,
    DISKS.includes(key)
      ? value
          .replace(/^[^,]*/, 'VOLUME')
          .split(',')
          .sort()
          .join()
      : value,
  ]);
  const data = values
    .filter(([key]) => DISKS.includes(key))
    .map(([key]) => [key, isVm(vmid) ? sha256Of(diskFile(lab, vmid, key)) : filesOf(vmid, key)]);
  return { config: Object.fromEntries(config), data: Object.fromEntries(data) };
}

function isVm(vmid: number): boolean {
  return findGuest(lab, vmid)?.type === 'qemu';
}

/** pct restore leaves the configuration that the archive carried in the container. */
function filesOf(vmid: number, key: string): object {
  const files = [...describeFiles(containerFolder(lab, vmid, key))];
  return Object.fromEntries(files.filter(([path]) => !path.startsWith('etc/vzdump')));
}

/** A stream brings no bind mounts, and the plan of 106 goes to two storages, which are told volume by volume. */
function expected(vmid: number) {
  const original = originals.get(vmid);
  if (original === undefined || vmid !== 106) return original;
  const { mp2: _, ...config } = original.config;
  return { ...original, config };
}

async function restore(mode: string, ...more: readonly string[]) {
  return place.succeed(
    'restore',
    '--latest',
    '--guests',
    ALL,
    '--to',
    'pve',
    '--mode',
    mode,
    '--yes',
    ...more,
  );
}

async function destroyAll(offset: number): Promise<void> {
  const commands = GUESTS.map(([, vmid, tool]) => `${tool} destroy ${vmid + offset}`);
  expect(await node.exec(commands.join(' && '))).toMatchObject({ exitCode: 0 });
}

function spoilAll(): void {
  changeFileInVmDisk(lab, { vmid: 101, key: 'scsi0' }, { path: '/etc/hello', content: 'spoiled\n' });
  for (const vmid of [105, 106]) writeFileSync(`${containerFolder(lab, vmid)}/etc/hello`, 'spoiled\n');
  for (const vmid of [101, 105]) setRunState(lab, vmid, 'running');
}

describe.each(['staged', 'streamed'])('%s', (mode) => {
  describe('to new vmids', () => {
    beforeAll(async () => {
      await restore(mode, '--vmid-offset', '800');
    });
    afterAll(() => destroyAll(800));

    it.each(GUESTS)('a %s comes back', (_, vmid) => {
      expect(look(vmid + 800)).toEqual(expected(vmid));
    });

    it('the firewall rules of a VM come along', async () => {
      expect((await node.exec('cat /etc/pve/firewall/901.fw')).stdout).toBe(FIREWALL);
    });
  });

  describe('to the vmids that they had, which are free', () => {
    beforeAll(async () => {
      await destroyAll(0);
      await restore(mode);
    });

    it.each(GUESTS)('a %s comes back', (_, vmid) => {
      expect(look(vmid)).toEqual(expected(vmid));
    });
  });

  describe('over what is there, running and spoiled', () => {
    beforeAll(async () => {
      spoilAll();
      await restore(mode, '--replace');
    });

    it.each(GUESTS)('a %s comes back', (_, vmid) => {
      expect(look(vmid)).toEqual(expected(vmid));
      expect(runState(lab, vmid)).toBe('stopped');
    });
  });

  it('nothing is left in the dump folder, nor of the wrappers', async () => {
    expect((await node.exec('ls -A /var/lib/vz/dump; ls -A /run | grep pvebak')).stdout).toBe('');
  });

  it('what belongs to the old node is said in the description', () => {
    expect(findGuest(lab, 106)?.config.description).toMatch(
      /^pvebak: not restored: mp2: \/var\/tmp,mp=\/share$/m,
    );
  });
});

describe('many at once', () => {
  it('come in the order that is given, the others by vmid', async () => {
    const done = await restore('auto', '--vmid-offset', '700', '--order', 'lxc/107,qemu/102', '--json');
    const started = done.stdout
      .trim()
      .split('\n')
      .map((line): { kind: string; item: string } => JSON.parse(line))
      .flatMap(({ kind, item }) => (kind === 'item-started' ? [item] : []));
    const order = ['lxc/107', 'qemu/102', 'qemu/101', 'qemu/103', 'lxc/105', 'lxc/106'];
    expect(started).toEqual(order.map((guest) => `restore ${guest}`));
    await destroyAll(700);
  });

  it('can be all of one run', async () => {
    const { stdout } = await place.pvebak('snapshots', 'site.yaml', '--json');
    const { run }: { run: string } = JSON.parse(stdout.split('\n')[0] ?? '{}');
    const more = ['--guests', 'qemu/102', '--to', 'pve', '--vmid', '602', '--yes'];
    const done = await place.pvebak('restore', '--run', run.slice(0, 8), ...more);
    expect(done).toMatchObject({ status: 0, stderr: '' });
    expect(findGuest(lab, 602)?.config.values.get('name')).toBe('diskless');
  });

  it.each([
    [[], 'it is not said what is to be restored'],
    [['--latest'], '--latest of which guests?'],
    [['abcd', '--latest', '--all'], 'only one of SNAPSHOT, --run and --latest can be given'],
    [['abcd', '--all'], '--guests, --all and --order go with --run and --latest'],
    [['--latest', '--all', '--guests', 'qemu/101'], '--guests and --all exclude each other'],
    [['--latest', '--guests', '101'], '--guests: 101 is no guest'],
    [['--latest', '--guests', 'qemu/101,lxc/999'], 'there is no snapshot of lxc/999'],
    [['--latest', '--all', '--from', 'nowhere'], 'there is no snapshot of any guest'],
    [['--latest', '--all', '--vmid', '901'], '--vmid is for one guest'],
    [['--latest', '--guests', 'qemu/101', '--vmid-offset', '-50'], '51 is no vmid'],
    [['--run', 'ffffffff'], 'there is no run ffffffff'],
    [['--latest', '--all', '--map-storage', 'fast'], 'it must be OLD=NEW'],
    [['--latest', '--all', '--bwlimit', 'fast'], 'it must be a size such as 100MiB'],
  ])('%j is refused', async (args, message) => {
    const done = await place.pvebak('restore', ...args, '--to', 'pve', '--yes');
    expect(done.stderr).toContain(message);
    expect(done.status).toBe(1);
  });
});

describe('what of a configuration reaches the node', () => {
  it('is refused, line by line, with what to type', async () => {
    const guests = 'qemu/104,lxc/105,lxc/108';
    const more = ['--vmid-offset', '800', '--to', 'pve', '--yes', '--mode', 'staged'];
    const done = await place.pvebak('restore', '--latest', '--guests', guests, ...more);
    expect(done.status).toBe(3);
    expect(flat(done.stdout)).toContain(flat(REFUSED));
    expect(flat(done.stdout)).toContain(
      'REACHES THE NODE: unprivileged: 0 (root in the container is root on the node)',
    );
    expect([904, 905, 908].map((vmid) => findGuest(lab, vmid) !== undefined)).toEqual([false, true, false]);
    expect(await node.exec('pct destroy 905')).toMatchObject({ exitCode: 0 });
  });

  const odd = ['--latest', '--guests', 'qemu/104,lxc/108', '--vmid-offset', '700', '--to', 'pve', '--yes'];
  const lines = () => [
    findGuest(lab, 804)?.config.values.get('args'),
    findGuest(lab, 808)?.config.values.get('mp0'),
  ];

  it('comes when it is allowed', async () => {
    const done = await place.succeed('restore', ...odd, '--mode', 'staged', '--allow', 'host-access');
    expect(flat(done.stdout)).toContain(`REACHES THE NODE: args: ${ARGS} (arguments of QEMU`);
    expect(lines()).toEqual([ARGS, '/var/tmp,mp=/share']);
  });

  it('comes unasked over the guest that has it', async () => {
    const done = await place.succeed('restore', ...odd, '--replace');
    expect(done.stdout).not.toContain('REACHES');
    expect(lines()).toEqual([ARGS, '/var/tmp,mp=/share']);
    expect(await node.exec('qm destroy 804 && pct destroy 808')).toMatchObject({ exitCode: 0 });
  });

  it('is refused by apply as well, where the plan did not know of it, and a stream brings no bind mount', async () => {
    const to = (vmid: number, guest: string, mode: string) =>
      `{ name: to-${vmid}, guest: ${guest}, from: pve, to: { host: pve, vmid: ${vmid} }, mode: ${mode} }`;
    const restores = [
      to(811, 'qemu/104', 'streamed'),
      to(812, 'lxc/108', 'staged'),
      to(813, 'lxc/108', 'streamed'),
    ];
    place.write('odd.yaml', labSite({ hosts: { pve: byIdentity(node) }, restores }));
    const recorded: { facts: { repositories: { main: { contents?: object } } } } = JSON.parse(
      (await place.succeed('facts', 'odd.yaml')).stdout,
    );
    expect(JSON.stringify(recorded.facts.repositories.main.contents)).toContain('qemu-arguments');
    delete recorded.facts.repositories.main.contents;
    place.write('facts.json', JSON.stringify(recorded));
    await place.succeed('plan', 'odd.yaml', '--facts', 'facts.json', '--out', 'odd.json');
    const done = await place.pvebak('apply', 'odd.json');
    const failed = [...flat(done.stdout).matchAll(/its configuration would reach the node: (\w+): /g)];
    expect(failed.map(([, key]) => key).sort()).toEqual(['args', 'mp0']);
    expect(done.status).toBe(3);
    expect([811, 812, 813].map((vmid) => findGuest(lab, vmid) !== undefined)).toEqual([false, false, true]);
    expect(findGuest(lab, 813)?.config.values.has('mp0')).toBe(false);
    expect(await node.exec('ls -A /var/lib/vz/dump && pct destroy 813')).toMatchObject({ stdout: '' });
  });
});

const REFUSED = `INCOMPLETE 2
  ! restore qemu/104: its configuration would reach the node: args: -device 'x' (arguments of QEMU, which runs as root);
      if that is yours: --allow host-access, or allow: [host-access] in the site file
  ! restore lxc/108: its configuration would reach the node: mp0: /var/tmp,mp=/share (a file or folder of the node);
      if that is yours: --allow host-access, or allow: [host-access] in the site file; mode: streamed leaves it out
`;

describe('storages and bridges are mapped', () => {
  const maps = ['--map-storage', 'fast=local', '--map-bridge', 'vmbr0=vmbr7', '--bwlimit', '100MiB'];

  it.each(['staged', 'streamed'])('%s', async (mode) => {
    await restore(mode, '--vmid-offset', '800', ...maps, '--map-storage', 'local=fast', '--unique');
    const values = (vmid: number) => findGuest(lab, vmid)?.config.values ?? new Map<string, string>();
    expect(values(901).get('scsi0')).toMatch(/^fast:/);
    expect(values(901).get('scsi1')).toMatch(/^local:/);
    expect(values(901).get('net0')).toMatch(/bridge=vmbr7$/);
    expect(values(905).get('net0')).toMatch(/,bridge=vmbr7,/);
    expect(values(905).get('net0')).not.toContain('BC:24:11:00:01:05');
    expect(values(906).get('rootfs')).toMatch(/^fast:/);
    expect(values(906).get('mp0')).toMatch(/^local:/);
    expect(look(901).data).toEqual(originals.get(101)?.data);
    await destroyAll(800);
  });
});
