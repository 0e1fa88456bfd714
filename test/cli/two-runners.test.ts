/** Two runs at once, each a process of its own, on one site and one repository. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addVm } from '../lab/guests.ts';
import { type Lab, startLab } from '../lab/lab.ts';
import { byIdentity, labSite } from './lab-site.ts';
import { type Ended, flat, until, Workplace } from './program.ts';

const DISK_BYTES = 2 << 20;
const NODES = ['pve1', 'pve2'] as const;
const GUESTS = 6;
let lab: Lab;
let place: Workplace;

beforeAll(async () => {
  lab = await startLab({ nodes: NODES });
  const content = { kind: 'random', bytes: DISK_BYTES } as const;
  for (let n = 0; n < GUESTS; n++)
    addVm(lab, NODES[n % 2] ?? 'pve1', {
      vmid: 101 + n,
      name: `vm${n}`,
      disks: [{ key: 'scsi0', sizeBytes: DISK_BYTES, content }],
    });
  place = new Workplace();
  place.write('site.yaml', siteOf('{ name: all, host: pve, all: true }', '2MiB'));
  place.write('one.yaml', siteOf('{ name: all, host: pve, vmid: [101], rpo: 1s }', '9MiB'));
  place.write(
    'forgetful.yaml',
    siteOf('{ name: all, host: pve, vmid: [102], rpo: 1s, retention: { keep-last: 1 } }', '9MiB'),
  );
  await place.makeRepository();
});

afterAll(async () => {
  place[Symbol.dispose]();
  await lab.stop();
});

function siteOf(policy: string, bwlimit: string): string {
  const [first, second] = [lab.node('pve1'), lab.node('pve2')];
  const pve = byIdentity(first, {
    host_key: `[ "${first.hostKeyFingerprint}", "${second.hostKeyFingerprint}" ]`,
    nodes: `{ pve2: { location: "proxmox://${second.host}:${second.port}" } }`,
    vzdump: `{ bwlimit: ${bwlimit} }`,
  });
  return labSite({ hosts: { pve }, backups: [policy] });
}

interface Event {
  readonly kind: string;
  readonly item: string;
  readonly outcome: { readonly kind: string; readonly reason?: string };
}

function endedItems({ stdout }: Ended): readonly Event[] {
  const events: readonly Event[] = stdout
    .split('\n')
    .flatMap((line) => (line === '' ? [] : JSON.parse(line)));
  return events.filter(({ kind }) => kind === 'item-ended');
}

describe('two runs of apply at once', () => {
  it('dump no guest twice and leave none out', async () => {
    const runs = [1, 2].map(() => place.start(['apply', 'site.yaml', '--yes', '--json']));
    const ended = await Promise.all(runs.map((run) => run.ended));
    const items = ended.flatMap(endedItems);
    expect(items).toHaveLength(2 * GUESTS);
    const dumped = items.filter(({ outcome }) => outcome.kind === 'backed-up').map(({ item }) => item);
    expect(dumped).toHaveLength(GUESTS);
    expect(new Set(dumped).size).toBe(GUESTS);
    for (const { outcome } of items)
      if (outcome.kind === 'skipped')
        expect(outcome.reason).toMatch(
          /^is being backed up by process \d+ on \S+ \(run [0-9a-f]{16}\) since 2/,
        );
      else expect(['backed-up', 'already-backed-up']).toContain(outcome.kind);
    for (const one of ended) {
      const skips = endedItems(one).filter(({ outcome }) => outcome.kind === 'skipped').length;
      expect(one).toMatchObject({ status: skips === 0 ? 0 : 3, stderr: '' });
    }
  });

  it('leave a repository that is whole, no lock, no claim, and nothing to do', async () => {
    expect(place.stored('snapshots')).toHaveLength(GUESTS);
    expect(place.stored('locks')).toEqual([]);
    expect(place.restic('check', '--read-data')).toContain('no errors were found');
    for (const node of lab.nodes) expect((await node.exec('ls -d /run/pvebak*')).stdout).toBe('');
    expect((await place.succeed('plan', 'site.yaml')).stdout).toContain(`Nothing to do. ${GUESTS} fresh.`);
  });
});

/** A prune that stands still while it has the repository, and goes on afterwards. */
async function whilePruning(use: () => Promise<void>): Promise<Ended> {
  for (;;) {
    const run = place.start(PRUNE);
    await until(() => isLocked() || run.child.exitCode !== null);
    run.child.kill('SIGSTOP');
    await sleep(50);
    // It may have been quicker.
    const holds = isLocked();
    try {
      if (holds) await use();
    } finally {
      run.child.kill('SIGCONT');
      await run.ended;
    }
    if (holds) return run.ended;
  }
}

/** Not by a file that is just being written. */
function isLocked(): boolean {
  return place.stored('locks').some((name) => /^[0-9a-f]{64}$/.test(name));
}

/** A backup that waits for its node, with the repository locked, and goes on afterwards. */
async function whileBackingUp(use: () => Promise<void>): Promise<Ended> {
  const node = lab.node('pve1');
  node.spawn('flock --no-fork /run/vzdump.lock sleep 600');
  const run = place.start(BACKUP);
  try {
    await run.says("waits for the node's vzdump lock");
    await use();
  } finally {
    await node.exec('pkill -x sleep');
    await run.ended;
  }
  return run.ended;
}

const PRUNE = ['prune', 'site.yaml'];
const BACKUP = ['apply', 'one.yaml', '--yes'];
const FORGET = ['apply', 'forgetful.yaml', '--yes', '--allow', 'forget'];
const LOCKED = /is (?:exclusively )?locked by process \d+ of \S+ since/;

describe('of two runs that exclude each other', () => {
  it.each([
    ['prune', 'apply', whilePruning, BACKUP, 0],
    ['apply', 'prune', whileBackingUp, PRUNE, 1],
    ['prune', 'prune', whilePruning, PRUNE, 0],
  ])(
    'while %s has the repository, %s says so and ends with 6 (apply, after ten seconds); the first one ends well',
    async (_, __, holding, second, made) => {
      const before = place.stored('snapshots').length;
      const ended = await holding(async () => {
        const begun = performance.now();
        const { status, stderr } = await place.pvebak(...second);
        expect({ status, stderr }).toEqual({ status: 6, stderr: expect.stringMatching(LOCKED) });
        expect(performance.now() - begun).toBeGreaterThan(second === BACKUP ? 10_000 : 0);
      });
      expect(ended.status).toBe(0);
      expect(place.stored('locks')).toEqual([]);
      expect(place.stored('snapshots')).toHaveLength(before + made);
    },
  );

  it('forgetting waits for another day while a backup goes on, and the backup is whole', async () => {
    await place.succeed(...FORGET);
    const backup = await whileBackingUp(async () => {
      const { status, stdout } = await place.pvebak(...FORGET);
      expect(status).toBe(3);
      expect(flat(stdout)).toMatch(/! forget 1 snapshot of qemu\/102 vm1: .* is locked by process/);
    });
    expect(backup.status).toBe(0);
    await place.succeed(...FORGET);
    expect(place.restic('check', '--read-data')).toContain('no errors were found');
    expect(place.stored('locks')).toEqual([]);
  });
});
