import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addCt, addVm, changeFileInVmDisk, diskFile, moveGuest, readFileInVmDisk } from './guests.ts';
import { type Lab, startLab } from './lab.ts';
import type { Fault } from './stand-ins/lab-state.ts';

let lab: Lab;

beforeAll(async () => {
  lab = await startLab({ nodes: ['pve1', 'pve2'], offline: ['pve3'], vmaHeaderSeconds: 5 });
  mkdirSync(`${lab.dir}/files`);
  writeFileSync(`${lab.dir}/files/hello`, 'hello\n');
  const disks = [
    { key: 'scsi0', sizeBytes: 16 << 20, content: { kind: 'folder', path: `${lab.dir}/files` } },
    { key: 'scsi1', sizeBytes: 1 << 20, content: { kind: 'random', bytes: 300_000 } },
  ] as const;
  addVm(lab, 'pve1', { vmid: 101, name: 'web', disks, efidisk: true, tags: ['b', 'a'], pool: 'prod' });
  addCt(lab, 'pve1', { vmid: 201, hostname: 'files', unprivileged: true });
  addVm(lab, 'pve3', { vmid: 301, name: 'far-away' });
});

afterAll(async () => {
  await lab.stop();
});

describe('a node of the lab', () => {
  it('lets root in with the key and tells its own name', () => {
    const node = lab.node('pve2');
    const known = `${lab.dir}/known_hosts`;
    writeFileSync(known, `${node.knownHostsLine}\n`);
    const options = [
      '-i',
      node.identityFile,
      '-p',
      String(node.port),
      '-o',
      `UserKnownHostsFile=${known}`,
      '-o',
      'BatchMode=yes',
    ];
    const ssh = spawnSync('ssh', [...options, 'root@127.0.0.1', 'hostname; command -v pvesh'], {
      encoding: 'utf8',
    });
    expect(ssh.stdout).toBe(`pve2\n${node.bin}/pvesh\n`);
  });

  it('shows a guest of a node that is off without name and template', async () => {
    const { stdout } = await lab
      .node('pve1')
      .exec('pvesh get /cluster/resources --type vm --output-format json');
    expect(JSON.parse(stdout)).toContainEqual({
      id: 'qemu/301',
      node: 'pve3',
      status: 'unknown',
      type: 'qemu',
      vmid: 301,
    });
  });

  it('leaves nothing behind when it is stopped', async () => {
    const other = await startLab();
    await other.stop();
    expect(existsSync(other.dir)).toBe(false);
    expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(other.dir);
  });

  it('can be turned off and on again', async () => {
    const node = lab.node('pve2');
    await node.stop();
    const { stdout } = await lab.node('pve1').exec('pvesh get /cluster/status --output-format json');
    expect(stdout).toContain('"name":"pve2","nodeid":2,"online":0');
    await node.start();
    expect((await node.exec('hostname')).stdout).toBe('pve2\n');
  });
});

describe('a dump', () => {
  it('of a VM is restored to the same disks', async () => {
    const { exitCode } = await lab
      .node('pve1')
      .exec('set -o pipefail; vzdump 101 --stdout --compress 0 | qmrestore - 901');
    expect(exitCode).toBe(0);
    for (const key of ['scsi0', 'scsi1', 'efidisk0']) {
      const restored = readFileSync(diskFile(lab, 901, key));
      expect(restored.equals(readFileSync(diskFile(lab, 101, key)))).toBe(true);
    }
    expect(readFileInVmDisk(lab, { vmid: 901, key: 'scsi0' }, '/hello').toString()).toBe('hello\n');
  });

  it('of an unchanged VM is another stream each time', async () => {
    const node = lab.node('pve1');
    const { stdout } = await node.exec(
      'for i in 1 2; do vzdump 101 --stdout --compress 0 2>/dev/null | sha256sum; done',
    );
    const [first, second] = stdout.split('\n');
    expect(first).not.toBe(second);
  });

  it('of a container is restored with its files, from a file with its privileges, from a pipe without', async () => {
    const node = lab.node('pve1');
    await node.exec('vzdump 201 --stdout --compress 0 > /var/tmp/a.tar');
    await node.exec(
      'pct restore 902 /var/tmp/a.tar --storage local; pct restore 903 - --rootfs local:0 < /var/tmp/a.tar',
    );
    const { stdout } = await node.exec(
      'cat /var/lib/vz/images/90[23]/*/etc/hostname; grep -l unprivileged /etc/pve/lxc/90?.conf',
    );
    expect(stdout).toBe('files\nfiles\n/etc/pve/lxc/902.conf\n');
  });

  it.each<[Fault, number, string]>([
    [{ kind: 'empty' }, 0, '0 bytes'],
    [{ kind: 'short' }, 0, 'less than whole'],
    [{ kind: 'trailing', bytes: 19 }, 0, 'more than whole'],
    [{ kind: 'die', afterBytes: 10_000 }, 255, 'less than whole'],
  ])('goes wrong once when the test orders %o', async (fault, status, amount) => {
    const node = lab.node('pve1');
    const bytes = async (vmid: number) => {
      const { stdout } = await node.exec(
        `vzdump ${vmid} --stdout --compress 0 2>/dev/null | wc -c; echo \${PIPESTATUS[0]}`,
      );
      return stdout.trim().split('\n').map(Number);
    };
    for (const [vmid, tool] of [
      [101, 'qm'],
      [201, 'pct'],
    ] as const) {
      const [whole = 0] = await bytes(vmid);
      node.orderFault(fault);
      const [got = 0, code] = await bytes(vmid);
      expect(code).toBe(status);
      expect(got === 0 ? '0 bytes' : got < whole ? 'less than whole' : 'more than whole').toBe(amount);
      await node.exec(`${tool} unlock ${vmid}; ${tool} stop ${vmid}`);
    }
  });
});

it('changes a few blocks of a disk when a file in it changes', () => {
  const disk = diskFile(lab, 101, 'scsi0');
  cpSync(disk, `${lab.dir}/before`);
  changeFileInVmDisk(lab, { vmid: 101, key: 'scsi0' }, { path: '/hello', content: 'goodbye\n' });
  const [before, after] = [readFileSync(`${lab.dir}/before`), readFileSync(disk)];
  const changed = Array.from({ length: after.length / 4096 }, (_, block) => block * 4096).filter(
    (at) => before.compare(after, at, at + 4096, at, at + 4096) !== 0,
  );
  expect(changed.length).toBeGreaterThan(0);
  expect(changed.length).toBeLessThan(20);
});

it('does not let a protected container be overwritten', async () => {
  addCt(lab, 'pve1', { vmid: 211, hostname: 'precious', config: { protection: '1' } });
  const node = lab.node('pve1');
  const { stderr, exitCode } = await node.exec('pct restore 211 - --rootfs local:0 --force < /dev/null');
  expect({ stderr, exitCode }).toEqual({
    stderr: 'unable to restore CT 211 - protection mode enabled\n',
    exitCode: 255,
  });
  expect((await node.exec('pct config 211')).stdout).toContain('protection: 1');
});

it('moves a guest to another node, where its own tools then find it', async () => {
  addCt(lab, 'pve1', { vmid: 210, hostname: 'nomad' });
  moveGuest(lab, 210, 'pve2');
  const dump = 'vzdump 210 --stdout --compress 0 2>/dev/null | wc -c';
  expect((await lab.node('pve1').exec(dump)).stdout).toBe('0\n');
  expect(Number((await lab.node('pve2').exec(dump)).stdout)).toBeGreaterThan(10_000);
});
