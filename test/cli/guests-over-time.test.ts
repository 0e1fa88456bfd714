/**
 * What becomes of guests after a plan was made, and over months: one lab, through all of it in turn. Each gives the text that
 * is kept in `test/fixtures/plan/over-time`.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addCt, addPool, addVm, findGuest, moveGuest } from '../lab/guests.ts';
import { type Lab, startLab } from '../lab/lab.ts';
import { atTerminal } from './at-terminal.ts';
import { byIdentity, labSite } from './lab-site.ts';
import { type Ended, flat, Workplace } from './program.ts';
import { stableText } from './stable-text.ts';

let lab: Lab;
let place: Workplace;

beforeAll(async () => {
  lab = await startLab({ nodes: ['fra1', 'fra2'] });
  const content = { kind: 'random', bytes: 4 << 20, seed: 'web' } as const;
  addVm(lab, 'fra1', { vmid: 101, name: 'web', disks: [{ key: 'scsi0', sizeBytes: 8 << 20, content }] });
  addCt(lab, 'fra1', { vmid: 105, hostname: 'git' });
  addCt(lab, 'fra1', { vmid: 106, hostname: 'wiki' });
  addCt(lab, 'fra2', { vmid: 107, hostname: 'mail', pool: 'office' });
  place = new Workplace();
  await place.makeRepository();
});

beforeEach(() => writeSite({}));

afterAll(async () => {
  place[Symbol.dispose]();
  await lab.stop();
});

function writeSite({ rpo = '24h', more = '' }): void {
  const [fra1, fra2] = [lab.node('fra1'), lab.node('fra2')];
  const fra = byIdentity(fra1, {
    host_key: `[ "${fra1.hostKeyFingerprint}", "${fra2.hostKeyFingerprint}" ]`,
    nodes: `{ fra2: { location: "proxmox://${fra2.host}:${fra2.port}" } }`,
  });
  const backups = [
    `{ name: all, host: fra, all: true, rpo: ${rpo} }`,
    '{ name: office, host: fra, pool: office, rpo: 48h }',
  ];
  place.write('site.yaml', `${labSite({ hosts: { fra }, backups })}cadence: 1h\n${more}`);
}

async function expectText({ stdout, stderr }: Ended, name: string): Promise<void> {
  expect(stderr).toBe('');
  const file = join(import.meta.dirname, `../fixtures/plan/over-time/${name}.txt`);
  await expect(stableText(stdout)).toMatchFileSnapshot(file);
}

function configOf(vmid: number): string {
  const found = findGuest(lab, vmid);
  if (found === undefined) throw new Error(`there is no guest ${vmid}`);
  return found.file;
}

const run = (...args: readonly string[]) => place.pvebak(...args, '--parallel', '1');

describe('between plan and apply', () => {
  it('a guest that has migrated is refused by name, and the others are backed up', async () => {
    await place.succeed('plan', 'site.yaml', '--out', 'plan.json');
    moveGuest(lab, 106, 'fra2');
    const ended = await run('apply', 'plan.json');
    expect(ended.status).toBe(4);
    await expectText(ended, 'migrated');
  });

  it('snapshots that another runner has made are found, and nothing is made twice', async () => {
    const other = await run('apply', 'site.yaml', '--yes');
    expect(other.stdout).toMatch(/\n1 backed up: /);
    expect(other.status).toBe(0);
    const ended = await run('apply', 'plan.json');
    expect(ended.status).toBe(4);
    expect(place.stored('snapshots')).toHaveLength(4);
    await expectText(ended, 'other-runner');
  });
});

describe('a guest that was deleted', () => {
  const config = { file: '', text: '' };

  it('is said to be gone, and keeps its snapshots', async () => {
    config.file = configOf(106);
    config.text = readFileSync(config.file, 'utf8');
    rmSync(config.file);
    const ended = await place.pvebak('plan', 'site.yaml');
    expect(ended.status).toBe(0);
    await expectText(ended, 'deleted');
  });

  it('keeps them all the same when it is there again right before they would go', async () => {
    writeSite({ more: 'orphans: { keep: 1s }\n' });
    const comesBack = () => {
      writeFileSync(config.file, config.text);
      return 'y';
    };
    const ended = await atTerminal(
      place,
      ['apply', 'site.yaml', '--allow', 'forget'],
      [['Carry this out?', comesBack]],
    );
    expect(ended.stdout.replace(/\s/g, '')).toContain('sincetheplanwasmade:lxc/106wikiisthereagain');
    expect(ended.status).toBe(3);
    expect((await place.succeed('snapshots')).stdout).toContain('lxc/106');
    rmSync(config.file);
  });

  it('loses them when the site says so, and what the site says is over', async () => {
    writeSite({ more: 'orphans: { keep: 1s }\n' });
    const ended = await run('apply', 'site.yaml', '--yes', '--allow', 'forget');
    expect(ended.status).toBe(0);
    await expectText(ended, 'deleted-forgotten');
    expect((await place.succeed('snapshots')).stdout).not.toContain('lxc/106');
  });
});

describe('a vmid that another machine has', () => {
  let lines: readonly string[] = [];
  const uuidOf = () => /uuid=([0-9a-f-]+)/.exec(readFileSync(configOf(101), 'utf8'))?.[1] ?? '';

  it('begins a new line, and the plan says first what to type if it is the same machine', async () => {
    const text = readFileSync(configOf(101), 'utf8');
    writeFileSync(configOf(101), text.replace(uuidOf(), 'c0ffee00-0000-4000-8000-000000000101'));
    const ended = await place.pvebak('plan', 'site.yaml');
    expect(ended.status).toBe(0);
    await expectText(ended, 'vmid-reused');
    lines = /pvebak adopt ([0-9a-f]{16}) ([0-9a-f]{16})/.exec(flat(ended.stdout))?.slice(1) ?? [];
  });

  it('goes on with the history of the other one once that is adopted, and stores no disk again', async () => {
    const adopted = await place.succeed('adopt', ...lines, '--reason', 'cloned config');
    expect(stableText(adopted.stdout)).toBe(
      'main: 1 snapshot of qemu/101 of fra (line LINE) count for line LINE from now on, of which there is no backup yet\n',
    );
    writeSite({ rpo: '1s' });
    const { stdout } = await place.succeed('apply', 'site.yaml', '--yes', '--json', '--guest', 'qemu/101');
    const [ended] = stdout.match(/.*"item-ended".*/) ?? [];
    const { report } = JSON.parse(ended ?? '{}').outcome;
    expect(report).toMatchObject({ diskBytes: 8 << 20, reusedBytes: expect.any(Number) });
    expect(report.newBytes).toBeLessThan(64 << 10);
    expect(place.restic('snapshots', '--tag', `guest=${lines[1]}`)).toContain('1 snapshots');
    writeSite({});
    expect((await place.succeed('plan', 'site.yaml')).stdout).not.toMatch(/ORPHANS|VMID REUSED/);
  });

  it('is apart again when that is taken back', async () => {
    const undone = await place.succeed('adopt', lines[0] ?? '', '--undo');
    expect(undone.stdout).toContain('no longer count for line');
    const again = await place.pvebak('adopt', lines[0] ?? '', '--undo');
    expect(again).toMatchObject({ status: 1, stderr: expect.stringContaining('goes on in no other line') });
    expect((await place.succeed('plan', 'site.yaml')).stdout).toMatch(/ORPHANS 1\n.*vmid reused/);
  });
});

it('a guest with another vmid goes on with its history, also when the site no longer says so', async () => {
  renameSync(configOf(105), configOf(105).replace('105.conf', '205.conf'));
  writeSite({
    more: 'moved:\n  - { from: { host: fra, guest: lxc/105 }, to: { host: fra, guest: lxc/205 } }\n',
  });
  const ended = await run('apply', 'site.yaml', '--yes');
  expect(ended.status).toBe(0);
  await expectText(ended, 'moved');
  writeSite({});
  const { stdout } = await place.succeed('plan', 'site.yaml', '--verbose');
  expect(stdout).toMatch(/= lxc\/205 git +fra1 +fresh/);
  expect(stdout).toContain('lxc/205 git goes on with 1 snapshot in main of lxc/105 of fra\n');
  expect(stdout).not.toMatch(/^ +lxc\/105 /m);
});

it('a pool that was emptied makes the plan incomplete', async () => {
  addPool(lab, { id: 'office' });
  const ended = await place.pvebak('plan', 'site.yaml');
  expect(ended.status).toBe(3);
  await expectText(ended, 'pool-emptied');
});

it('a node that is off makes the plan incomplete, and is named with its guests', async () => {
  addPool(lab, { id: 'office', vmids: ['107'] });
  writeSite({ rpo: '1s' });
  await lab.node('fra2').stop();
  const ended = await place.pvebak('plan', 'site.yaml');
  expect(ended.status).toBe(3);
  await expectText(ended, 'node-offline');
});
