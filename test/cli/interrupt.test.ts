/** An interrupt in the middle of a run leaves what was finished, nothing of what was not, and no lock. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomBytesOf } from '../lab/disk-image.ts';
import { addCt, addVm } from '../lab/guests.ts';
import { type Lab, startLab } from '../lab/lab.ts';
import { byIdentity, labSite } from './lab-site.ts';
import { Workplace } from './program.ts';

const ENOUGH = 24 << 20;
let lab: Lab;
let place: Workplace;

beforeAll(async () => {
  lab = await startLab();
  place = new Workplace();
  const disk = { key: 'scsi0', sizeBytes: ENOUGH, content: { kind: 'random', bytes: ENOUGH } } as const;
  addVm(lab, 'pve1', { vmid: 101, name: 'quick' });
  addCt(lab, 'pve1', { vmid: 105, hostname: 'slow', rootfs: manyBytes });
  addVm(lab, 'pve1', { vmid: 109, name: 'later', disks: [disk] });
  place.write('site.yaml', siteWith('{ ionice: 7 }', '101, 105, 109'));
  place.write('container.yaml', siteWith('{ bwlimit: 1MiB }', '101, 105'));
  place.write('machine.yaml', siteWith('{ bwlimit: 1MiB }', '109'));
  await place.makeRepository();
});

afterAll(async () => {
  place[Symbol.dispose]();
  await lab.stop();
});

function siteWith(vzdump: string, vmids: string): string {
  const hosts = { pve: byIdentity(lab.node('pve1'), { vzdump }) };
  return labSite({ hosts, backups: [`{ name: all, host: pve, vmid: [${vmids}] }`] });
}

function manyBytes(root: string): void {
  mkdirSync(`${root}/srv`);
  writeFileSync(`${root}/srv/data`, randomBytesOf(ENOUGH, 'data'));
}

describe.each([
  ['SIGINT', 'container.yaml', 'lxc/105 slow'],
  ['SIGTERM', 'machine.yaml', 'qemu/109 later'],
] as const)('%s in the middle of a dump', (signal, site, guest) => {
  it('ends the run within 10 s with 130, and says what was not done', async () => {
    const run = place.start(['apply', site, '--yes']);
    await run.says(`backup ${guest}: begins`);
    await sleep(1000);
    const sent = Date.now();
    run.child.kill(signal);
    const { stdout, stderr, status } = await run.ended;
    expect(Date.now() - sent).toBeLessThan(10_000);
    expect({ status, stderr }).toEqual({ status: 130, stderr: '' });
    expect(stdout).toContain(`! backup ${guest}: interrupted`);
  });

  it('leaves no lock, and of what was not finished no snapshot', () => {
    expect(place.stored('locks')).toEqual([]);
    expect(place.stored('snapshots')).toHaveLength(1);
    expect(place.restic('check')).toContain('no errors were found');
  });
});

it('the next run does what was left', async () => {
  const { stdout } = await place.succeed('apply', 'site.yaml', '--yes');
  expect(stdout).toMatch(/\n2 backed up: /);
  expect((await place.succeed('plan', 'site.yaml')).stdout).toContain('Nothing to do. 3 fresh.');
});

it('a reader of the output that goes away is no error', async () => {
  const ended = await place.command('bash', '-c', `set -o pipefail; ${place.line('apply', '--help')} | true`);
  expect(ended).toEqual({ stdout: '', stderr: '', status: 0 });
});
