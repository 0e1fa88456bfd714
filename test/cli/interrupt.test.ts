/** An interrupt in the middle of a run leaves what was finished, nothing of what was not, and no lock. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomBytesOf } from '../lab/disk-image.ts';
import { addCt, addVm } from '../lab/guests.ts';
import { type Lab, startLab } from '../lab/lab.ts';
import { byIdentity, labSite } from './lab-site.ts';
import { cleanWithin } from './node-mess.ts';
import { until, Workplace } from './program.ts';

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
  place.write('container.yaml', siteWith('{ bwlimit: 512KiB }', '101, 105'));
  place.write('machine.yaml', siteWith('{ bwlimit: 512KiB }', '109').replace(' vmid:', ' rpo: 1s, vmid:'));
  place.write('again.yaml', siteWith('{ bwlimit: 6MiB }', '109').replace(' vmid:', ' rpo: 1s, vmid:'));
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
  it('ends the run within 20 s with 130, and says what was not done', async () => {
    const run = place.start(['apply', site, '--yes']);
    await run.says(`backup ${guest}: begins`);
    await sleep(1000);
    const sent = Date.now();
    run.child.kill(signal);
    const { stdout, stderr, status } = await run.ended;
    expect(Date.now() - sent).toBeLessThan(20_000);
    expect({ status, stderr }).toEqual({ status: 130, stderr: '' });
    expect(stdout).toContain(`! backup ${guest}: interrupted`);
  });

  it('leaves no lock, and of what was not finished no snapshot', () => {
    expect(place.stored('locks')).toEqual([]);
    expect(place.stored('snapshots')).toHaveLength(1);
    expect(place.restic('check')).toContain('no errors were found');
  });
});

it('a second SIGINT leaves at once, with 130; the node ends the dump by itself', async () => {
  const run = place.start(['apply', 'container.yaml', '--yes']);
  await run.says('backup lxc/105 slow: begins');
  await sleep(1000);
  run.child.kill('SIGINT');
  await sleep(300);
  expect(run.child.exitCode).toBeNull();
  const sent = Date.now();
  run.child.kill('SIGINT');
  expect((await run.ended).status).toBe(130);
  expect(Date.now() - sent).toBeLessThan(5_000);
  await cleanWithin(lab.node('pve1'), 60_000);
  expect(place.stored('snapshots')).toHaveLength(1);
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

describe('SIGHUP', () => {
  const dumping = 'qemu/109 later';

  it('ends a run at a terminal that is still there', async () => {
    const run = atTerminalOf(place.line('apply', 'machine.yaml', '--yes'));
    await until(() => run.shown().includes(dumping));
    await sleep(1000);
    process.kill(run.pid(), 'SIGHUP');
    await run.ended;
    await until(() => !existsSync(`/proc/${run.pid()}`));
    expect(run.shown()).toContain('interrupted');
    expect(place.stored('snapshots')).toHaveLength(3);
    expect(place.stored('locks')).toEqual([]);
  });

  it('of a terminal that went away does not: the run goes on to its end', async () => {
    const run = atTerminalOf(place.line('apply', 'again.yaml', '--yes'));
    await until(() => run.shown().includes('MiB/s'));
    run.closeTerminal();
    await run.ended;
    await sleep(300);
    expect(existsSync(`/proc/${run.pid()}`)).toBe(true);
    await until(() => !existsSync(`/proc/${run.pid()}`));
    expect(place.stored('snapshots')).toHaveLength(4);
    expect(place.stored('locks')).toEqual([]);
    await cleanWithin(lab.node('pve1'), 0);
  });
});

/** The program as the first process of a terminal, as `ssh -t` starts it: the kernel sends it SIGHUP when that goes. */
function atTerminalOf(line: string) {
  const child = spawn(
    'script',
    [
      '--quiet',
      '--command',
      `stty columns 200 rows 50; echo $$ >pid; exec sh -c '${line.replace(' && env', ' && exec env')}'`,
      '/dev/null',
    ],
    {
      cwd: place.folder,
      env: { ...place.environment, SHELL: '/bin/sh' },
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  let shown = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
  });
  return {
    shown: () => shown,
    pid: () => Number(readFileSync(`${place.folder}/pid`, 'utf8')),
    closeTerminal: () => child.kill('SIGKILL'),
    ended: new Promise((resolve) => child.once('close', resolve)),
  };
}
