import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addCt, addVm, findGuest, moveGuest } from '../lab/guests.ts';
import { type Lab, startLab } from '../lab/lab.ts';
import { byIdentity, labSite } from './lab-site.ts';
import { flat, Workplace } from './program.ts';

/** Three nodes, one of which is off; the site file has one entry for all. */
let lab: Lab;
let place: Workplace;

beforeAll(async () => {
  lab = await startLab({ nodes: ['fra1', 'fra2'], offline: ['fra3'] });
  addVm(lab, 'fra1', { vmid: 101, name: 'web', disks: [noise(24, 'web')] });
  addVm(lab, 'fra2', { vmid: 102, name: 'db', disks: [noise(24, 'db')] });
  addCt(lab, 'fra2', { vmid: 105, hostname: 'git', unprivileged: true });
  addCt(lab, 'fra3', { vmid: 106, hostname: 'asleep' });
  place = new Workplace();
  place.write('site.yaml', clusterSite({}));
  await place.makeRepository();
});

afterAll(async () => {
  place[Symbol.dispose]();
  await lab.stop();
});

describe('a cluster through one way in', () => {
  it('plans all nodes, and names the one that is off with the guests it holds', async () => {
    const plan = await place.pvebak('plan', 'site.yaml');
    expect(plan.status).toBe(3);
    expect(flat(plan.stdout)).toMatch(/node fra3 of fra is offline, with 1 guest: lxc\/106/);
    expect(plan.stdout).toMatch(/\+ qemu\/101 web +fra1/);
    expect(plan.stdout).toMatch(/\+ qemu\/102 db +fra2/);
  });

  it('dumps each guest on the node where it is', async () => {
    const run = await place.pvebak('apply', 'site.yaml', '--yes');
    expect(run.status).toBe(3);
    expect(run.stdout).toMatch(/3 backed up/);
    const again = await place.pvebak('apply', 'site.yaml', '--yes');
    expect(flat(again.stdout)).toMatch(/Nothing can be done now\. 3 fresh/);
  });

  it('finds a guest again that moved between plan and dump', async () => {
    place.write('site.yaml', clusterSite({ rpo: '1s', vzdump: '{ bwlimit: 8MiB }' }));
    const running = place.start(['apply', 'site.yaml', '--yes', '--parallel', '1']);
    await running.says(/backup qemu\/101 web: begins/);
    moveGuest(lab, 102, 'fra1');
    const ended = await running.ended;
    expect(ended.stdout).toMatch(/\+ backup qemu\/102 db/);
    expect(ended.stdout).toMatch(/3 backed up/);
    moveGuest(lab, 102, 'fra2');
  });

  it('tries a node without a route through the one that answers, and says so when that fails too', async () => {
    place.write(
      'site.yaml',
      clusterSite({ rpo: '1s', fra2: `proxmox://192.0.2.77:${lab.node('fra2').port}` }),
    );
    const unreachable = await place.pvebak('apply', 'site.yaml', '--yes');
    expect(flat(unreachable.stdout)).toMatch(/! backup qemu\/102 db: .*192\.0\.2\.77.* through 127\.0\.0\.1/);
    expect(unreachable.status).toBe(3);
  });

  it('restores to the node that the entry names', async () => {
    place.write('site.yaml', clusterSite({ node: 'fra2' }));
    const table = await place.succeed('snapshots', 'site.yaml', '--guest', 'qemu/101');
    const id = table.stdout.split('\n')[1]?.split(' ')[0] ?? '';
    await place.succeed('restore', id, '--to', 'fra', '--vmid', '901', '--yes');
    expect(findGuest(lab, 901)).toMatchObject({ node: 'fra2', type: 'qemu' });
  });
});

function noise(megabytes: number, seed: string) {
  const bytes = megabytes << 20;
  return { key: 'scsi0', sizeBytes: bytes * 2, content: { kind: 'random', bytes, seed } } as const;
}

function clusterSite(change: {
  readonly rpo?: string;
  readonly vzdump?: string;
  readonly fra2?: string;
  readonly node?: string;
}): string {
  const [fra1, fra2] = [lab.node('fra1'), lab.node('fra2')];
  const keys = `[ "${fra1.hostKeyFingerprint}", "${fra2.hostKeyFingerprint}" ]`;
  const fra = byIdentity(fra1, {
    host_key: keys,
    nodes: `{ fra2: { location: "${change.fra2 ?? `proxmox://${fra2.host}:${fra2.port}`}" } }`,
    ...(change.vzdump !== undefined && { vzdump: change.vzdump }),
    ...(change.node !== undefined && { node: change.node }),
  });
  return labSite({
    hosts: { fra },
    backups: [`{ name: all, host: fra, all: true, rpo: ${change.rpo ?? '24h'} }`],
  });
}
