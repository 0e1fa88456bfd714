/** `verify_within`: apply proves the newest backups, and what it does when one is damaged. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { addVm } from '../lab/guests.ts';
import { type Lab, startLab } from '../lab/lab.ts';
import { byIdentity, labSite } from './lab-site.ts';
import { flat, Workplace } from './program.ts';

let lab: Lab;
let place: Workplace;

beforeAll(async () => {
  lab = await startLab();
  place = new Workplace();
  const scsi0 = { key: 'scsi0', sizeBytes: 4 << 20, content: { kind: 'random', bytes: 3 << 20 } } as const;
  addVm(lab, 'pve1', { vmid: 101, name: 'web', disks: [scsi0] });
  site('7d');
  await place.makeRepository();
});

afterAll(async () => {
  place[Symbol.dispose]();
  await lab.stop();
});

function site(within: string): void {
  const hosts = { pve: byIdentity(lab.node('pve1')) };
  const policy = `{ name: all, host: pve, all: true, rpo: 24h, verify_within: ${within} }`;
  place.write('site.yaml', labSite({ hosts, backups: [policy] }));
}

/** Flips a bit in the middle of the largest pack, which holds the disk. */
function damageDisk(): void {
  const folder = join(place.folder, 'repository', 'data');
  const packs = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.length > 64)
    .map((name) => join(folder, name));
  const [largest = ''] = packs.sort((a, b) => statSync(b).size - statSync(a).size);
  const bytes = readFileSync(largest);
  const middle = bytes.length >> 1;
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  writeFileSync(largest, bytes, { mode: 0o600 });
}

it('verifies a backup that it has just made, and records it', async () => {
  const { stdout } = await place.succeed('apply', 'site.yaml', '--yes');
  expect(flat(stdout)).toContain('VERIFY 1 + qemu/101 web never verified once it is backed up, up to 4 MiB');
  expect(stdout).toMatch(/\n\+ verify qemu\/101 web: snapshot [0-9a-f]{8} is whole, all read in [\d.]+ s\n/);
  expect(stdout).toMatch(/1 backed up, 1 verified: /);
  expect(place.stored('snapshots')).toHaveLength(2);
  expect(place.stored('locks')).toEqual([]);
  expect((await place.succeed('plan', 'site.yaml')).stdout).toContain('Nothing to do. 1 fresh.');
});

it('ends with 7 when it finds damage, and has the guest backed up again', async () => {
  site('1s');
  damageDisk();
  await sleep(1100);
  const { stdout, status } = await place.pvebak('apply', 'site.yaml', '--yes', '--json');
  expect(status).toBe(7);
  const events: readonly { kind: string; item: string; outcome?: object }[] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(events.find(({ kind }) => kind === 'item-ended')).toMatchObject({
    item: 'verify main pve qemu/101',
    outcome: {
      kind: 'failed',
      code: 'repository-damaged',
      reason: expect.stringMatching(/is damaged: data\//),
    },
  });
  site('7d');
  const plan = flat((await place.succeed('plan', 'site.yaml')).stdout);
  expect(plan).toMatch(/OUT OF POLICY 1 ! qemu\/101 web the newest, [\w ]+ old, is damaged/);
  expect(plan).toMatch(/Backups end about .* 1 to back up \(reads 4 MiB, ~\d[\d.]* MiB new\)/);
});
