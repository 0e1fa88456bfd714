/** The main job as the manual tells it: one node over SSH, a VM and a container, from nothing to restorable. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readFileInDisk } from '../lab/disk-image.ts';
import { addCt, addVm } from '../lab/guests.ts';
import { type Lab, startLab } from '../lab/lab.ts';
import { byIdentity, labSite } from './lab-site.ts';
import { Workplace } from './program.ts';

let lab: Lab;
let place: Workplace;

beforeAll(async () => {
  lab = await startLab();
  place = new Workplace();
  mkdirSync(`${lab.dir}/files`);
  writeFileSync(`${lab.dir}/files/hello`, 'hello\n');
  const folder = { kind: 'folder', path: `${lab.dir}/files` } as const;
  addVm(lab, 'pve1', {
    vmid: 101,
    name: 'web-1',
    pool: 'prod',
    efidisk: true,
    disks: [
      { key: 'scsi0', sizeBytes: 64 << 20, content: folder },
      { key: 'scsi1', sizeBytes: 8 << 20, content: { kind: 'random', bytes: 5 << 20 } },
      { key: 'scsi2', sizeBytes: 8 << 20, content: { kind: 'zeros' }, backup: false },
    ],
  });
  const bind = { key: 'mp0', path: '/srv', bind: '/var/tmp' };
  addCt(lab, 'pve1', { vmid: 105, hostname: 'git', pool: 'prod', mountPoints: [bind] });
  addVm(lab, 'pve1', { vmid: 150, name: 'nobody-asked-for' });
  place.write('site.yaml', siteWithRpo('24h'));
  place.write('always.yaml', siteWithRpo('1s'));
});

afterAll(async () => {
  place[Symbol.dispose]();
  await lab.stop();
});

function siteWithRpo(rpo: string): string {
  const hosts = { pve: byIdentity(lab.node('pve1')) };
  return labSite({ hosts, backups: [`{ name: production, host: pve, pool: prod, rpo: ${rpo} }`] });
}

describe('from nothing to restorable, in this order', () => {
  it('validate says what a site holds', async () => {
    expect(await place.pvebak('validate', 'site.yaml')).toEqual({
      stdout: 'site.yaml is right: 1 host, 1 repository, 1 backup policy, 0 restores\n',
      stderr: '',
      status: 0,
    });
  });

  it('init makes the repository, and leaves one that is there alone', async () => {
    expect(await place.pvebak('init', 'site.yaml')).toMatchObject({
      stdout: expect.stringMatching(
        /^main: made the repository [0-9a-f]{10} in \/.+\nKeep the password safe/,
      ),
      status: 0,
    });
    expect(await place.pvebak('init', 'site.yaml')).toMatchObject({
      stdout: expect.stringContaining('is there already'),
      status: 0,
    });
  });

  it('plan shows what is due and why, and exits with 2 when asked to tell', async () => {
    const { stdout, stderr, status } = await place.pvebak('plan', 'site.yaml', '--detailed-exitcode');
    expect({ stderr, status }).toEqual({ stderr: '', status: 2 });
    expect(stdout.replace(/^.*\n/, '').replace(/\nNOTES\n[\s\S]*?\n\n/, '')).toBe(
      [
        '1/1 nodes, 3 guests, a run every 24 h',
        '',
        'production (rpo 24 h)',
        '  + qemu/101 web-1  pve1  never backed up  72.5 MiB',
        '  + lxc/105 git     pve1  never backed up',
        '',
        'UNCOVERED 1',
        '    pve: qemu/150 nobody-asked-for',
        '',
        'NOT IN BACKUP',
        '    qemu/101 web-1  scsi2  8 MiB backup=0',
        '    lxc/105 git     mp0  bind mount',
        '2 to back up (reads 72.5 MiB).',
        '',
      ].join('\n'),
    );
  });

  it('plan writes nothing', () => {
    expect([place.stored('snapshots'), place.stored('locks'), place.stored('index')]).toEqual([[], [], []]);
  });

  it('apply says of each guest what it took, in plain lines where there is no terminal', async () => {
    const { stdout, stderr, status } = await place.pvebak('apply', 'site.yaml', '--yes');
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    for (const line of [
      / {2}backup qemu\/101 web-1: begins/,
      /\+ backup qemu\/101 web-1: 72.5 MiB in [\d.]+ s, [\d.]+ MiB new \([\d.]+ MiB stored\), snapshot [0-9a-f]{8}/,
      / {2}backup lxc\/105 git: begins/,
      /\+ backup lxc\/105 git: [\d.]+ KiB in [\d.]+ s, [\d.]+ KiB new \([\d.]+ K?i?B stored\), snapshot [0-9a-f]{8}/,
    ])
      expect(stdout).toMatch(new RegExp(`^${line.source}$`, 'm'));
    expect(stdout).toMatch(/\n2 backed up: [\d.]+ MiB of guests, [\d.]+ MiB new \([\d.]+ MiB stored\)\n$/);
  });

  it('leaves no lock, and no log file of vzdump on the node', async () => {
    expect(place.stored('locks')).toEqual([]);
    expect((await lab.node('pve1').exec('ls /var/lib/vz/dump')).stdout).toBe('');
  });

  it('plan then has nothing to do, and exits with 0', async () => {
    const { stdout, status } = await place.pvebak('plan', 'site.yaml', '--detailed-exitcode');
    expect(stdout).toMatch(/\n {2}= 2 fresh, the oldest \d/);
    expect(stdout).toMatch(/\nNothing to do\. 2 fresh\.\n$/);
    expect(status).toBe(0);
  });

  it('apply does nothing the second time', async () => {
    const { stdout, status } = await place.pvebak('apply', 'site.yaml', '--yes');
    expect(stdout).toContain('Nothing to do.');
    expect(status).toBe(0);
    expect(place.stored('snapshots')).toHaveLength(2);
  });

  it('unchanged guests, backed up again, add less than 100 KiB', async () => {
    const before = place.repositorySize();
    const { status } = await place.pvebak('apply', 'always.yaml', '--yes');
    expect(status).toBe(0);
    expect(place.stored('snapshots')).toHaveLength(4);
    expect(place.repositorySize() - before).toBeLessThan(100 * 1024);
  });

  it('snapshots lists what is kept, oldest first', async () => {
    const { stdout, status } = await place.pvebak('snapshots', 'site.yaml');
    const row = (guest: string) =>
      new RegExp(`[0-9a-f]{8} {2}\\w{3} \\d\\d \\w{3} \\d\\d:\\d\\d UTC {2}pve {3}${guest} +production`);
    expect(stdout).toMatch(
      lineByLine([
        /id {8}taken +host {2}guest +policies/,
        ...['qemu/101', 'lxc/105', 'qemu/101', 'lxc/105'].map(row),
        /4 snapshots/,
      ]),
    );
    expect(status).toBe(0);
  });

  it('snapshots --json is for machines, one object a line', async () => {
    const { stdout } = await place.pvebak('snapshots', 'site.yaml', '--guest', 'lxc/105', '--json');
    const found: readonly unknown[] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(found).toHaveLength(2);
    expect(found[0]).toMatchObject({
      repository: 'main',
      id: expect.stringMatching(/^[0-9a-f]{64}$/),
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      hostId: 'pve',
      guest: 'lxc/105',
      policies: ['production'],
    });
  });

  it('restic finds the repository whole, to the last byte', () => {
    expect(place.restic('check', '--read-data')).toContain('no errors were found');
  });

  const way = checkWay();
  it(`restic dumps a disk that has a whole file system on it (${way.title})`, async () => {
    const dump = 'restic -r repository -p password --no-cache dump latest --path /qemu/101';
    const script = `${dump} /qemu/101/drive-scsi0/drive-scsi0.raw > disk.raw\n${way.script}`;
    const checked = await place.command('sh', '-ec', script);
    expect(checked).toMatchObject({ status: 0, stdout: expect.stringMatching(/: 12\/\d+ files/) });
    expect(readFileInDisk(join(place.folder, 'disk.raw'), '/hello').toString()).toBe('hello\n');
  });
});

/** A machine may have no loop devices; e2fsck checks a file as well. */
function checkWay(): { readonly title: string; readonly script: string } {
  return spawnSync('losetup', ['--find'], { stdio: 'ignore' }).status === 0
    ? {
        title: 'losetup, then fsck -n',
        script:
          'loop=$(losetup --find --show --read-only disk.raw)\ntrap "losetup --detach $loop" EXIT\nfsck.ext4 -f -n $loop',
      }
    : { title: 'fsck -n of the file', script: 'fsck.ext4 -f -n disk.raw' };
}

describe('help', () => {
  it.each(['init', 'validate', 'plan', 'apply', 'show', 'facts', 'status', 'restore', 'snapshots'])(
    'of %s shows an example',
    async (command) => {
      const { stdout, stderr, status } = await place.pvebak(command, '--help');
      expect(stdout).toContain(`Usage: pvebak ${command}`);
      expect(stdout).toMatch(new RegExp(`Examples?:\n +.*pvebak ${command} `));
      expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    },
  );
});

function lineByLine(lines: readonly RegExp[]): RegExp {
  return new RegExp(`^${lines.map(({ source }) => source).join('\n')}\n$`);
}
