/**
 * Dumps that are struck while they run. Whatever happens to pvebak or to the way to the node, the node is clean soon after,
 * the repository is whole, and the next run does what was not done. PVEBAK_SEED repeats a run, PVEBAK_WHOLE_MATRIX=1
 * takes all 45 cells instead of a third.
 */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { randomBytesOf } from '../lab/disk-image.ts';
import { addCt, addVm, findGuest, runState } from '../lab/guests.ts';
import { type Lab, startLab } from '../lab/lab.ts';
import type { LabNode } from '../lab/lab-node.ts';
import { DISK_BYTES, dumping, outcomeOf, SILENCE_MS, siteFor, strikeDump, struckDump } from './abort-cell.ts';
import { type AbortCell, sampleOf, wholeMatrix } from './abort-matrix.ts';
import { byIdentity, labSite } from './lab-site.ts';
import { cleanWithin, nodeMess } from './node-mess.ts';
import { until, Workplace } from './program.ts';

const GUESTS = ['a stopped VM', 'a running VM', 'a container'] as const;
type Guest = (typeof GUESTS)[number];

const seed = process.env['PVEBAK_SEED'] ?? randomBytes(4).toString('hex');
const cells = process.env['PVEBAK_WHOLE_MATRIX'] === '1' ? wholeMatrix(GUESTS, seed) : sampleOf(GUESTS, seed);
process.stdout.write(`abort matrix: PVEBAK_SEED=${seed}\n`);

/** A node dumps one guest at a time, so there are as many cells at once as nodes. */
const NODES = ['pve1', 'pve2', 'pve3', 'pve4', 'pve5'];
let lab: Lab;
let empty: Workplace;
let free: LabNode[];
const waiting: ((node: LabNode) => void)[] = [];

beforeAll(async () => {
  lab = await startLab({ nodes: NODES });
  free = [...lab.nodes];
  const content = { kind: 'random', bytes: DISK_BYTES } as const;
  const disks = [{ key: 'scsi0', sizeBytes: DISK_BYTES, content }];
  const rootfs = (root: string) => writeFileSync(`${root}/noise`, randomBytesOf(DISK_BYTES, 'noise'));
  for (const node of NODES) {
    addVm(lab, node, { vmid: vmidOf('a stopped VM', node), name: 'still', disks });
    addVm(lab, node, { vmid: vmidOf('a running VM', node), name: 'busy', disks, running: true });
    addCt(lab, node, { vmid: vmidOf('a container', node), hostname: 'files', rootfs });
  }
  empty = new Workplace();
  empty.write('site.yaml', labSite({ hosts: { pve: byIdentity(lab.node('pve1')) } }));
  await empty.makeRepository();
});

afterAll(async () => {
  empty[Symbol.dispose]();
  await lab.stop();
});

function vmidOf(guest: Guest, node: string): number {
  return 101 + NODES.indexOf(node) * 10 + GUESTS.indexOf(guest);
}

async function onFreeNode(use: (node: LabNode) => Promise<void>): Promise<void> {
  const node = free.pop() ?? (await new Promise<LabNode>((resolve) => waiting.push(resolve)));
  try {
    await use(node);
  } finally {
    const next = waiting.shift();
    if (next === undefined) free.push(node);
    else next(node);
  }
}

/** What the run says of the dump, when it still can. */
const ENDS: Readonly<Record<AbortCell<Guest>['accident'], unknown>> = {
  SIGINT: { status: 130, kind: 'failed', code: 'interrupted', left: [] },
  SIGKILL: undefined,
  SIGSTOP: {
    status: 3,
    kind: 'failed',
    reason: expect.stringMatching(/has heard nothing of pvebak for 20 s and ended the dump$/),
    left: [],
  },
  'a cut connection': { status: 3, kind: 'unreachable', left: [] },
  'a dropped route': {
    status: 3,
    kind: 'unreachable',
    reason: expect.stringMatching(
      /: the wire is silent: (?:nothing has come|no answer to keepalives) for 20 s/,
    ),
    left: [],
  },
};

describe.concurrent(`the dump of a guest that is struck (seed ${seed})`, () => {
  test.each(cells)(
    '$subject, by $accident, $moment: leaves nothing, and the next run does it',
    { timeout: 300_000 },
    async (cell) => {
      await onFreeNode(async (node) => {
        const vmid = vmidOf(cell.subject, node.name);
        await using dump = await struckDump(empty, node, vmid);
        const before = stateOf(vmid);
        const ended = await strikeDump(cell, dump);
        const outcome = ended === undefined ? undefined : { status: ended.status, ...outcomeOf(ended) };
        if (outcome !== undefined) expect(outcome).toMatchObject(ENDS[cell.accident] ?? {});
        expect(stateOf(vmid)).toEqual(before);
        const { place } = dump;
        expect(place.stored('locks')).toHaveLength(cell.accident === 'SIGKILL' ? 1 : 0);
        expect(place.stored('snapshots')).toEqual([]);
        const check = ['restic', '-r', 'repository', '-p', 'password', '--no-cache', 'check', '--no-lock'];
        expect((await place.command(...check)).stdout).toContain('no errors were found');
        await place.succeed('apply', 'site.yaml', '--yes');
        expect(place.stored('locks')).toEqual([]);
        expect(place.stored('snapshots')).toHaveLength(1);
      });
    },
  );
});

test.concurrent('what the node could not clean itself is named with the command that does', async () => {
  await onFreeNode(async (node) => {
    const vmid = vmidOf('a stopped VM', node.name);
    await using dump = await struckDump(empty, node, vmid);
    const run = dump.place.start(['apply', 'slow.yaml', '--yes', '--json']);
    await dumping(run);
    await until(() => runState(lab, vmid) === 'prelaunch');
    await node.exec('kill -KILL -1');
    const { kind, left } = outcomeOf(await run.ended);
    expect(kind).toBe('unreachable');
    expect(left).toContain(
      `left on ${node.name}: qemu/${vmid} is locked (backup); clean with: qm unlock ${vmid}`,
    );
    const commands = left.flatMap((sentence) => /clean with: (.*)$/.exec(sentence)?.[1] ?? []);
    for (const command of commands) await node.exec(command);
    expect(await nodeMess(node)).toBe('');
    expect(runState(lab, vmid)).toBe('stopped');
    await dump.place.succeed('apply', 'site.yaml', '--yes');
  });
});

describe.concurrent('a dump of which nothing comes', () => {
  test('is ended after the stall timeout, and the node is named as the one that sends nothing', async () => {
    await onFreeNode(async (node) => {
      const vmid = vmidOf('a stopped VM', node.name);
      await using dump = await struckDump(empty, node, vmid);
      dump.place.write('site.yaml', siteFor(node, vmid, { vzdump: '{ bwlimit: 1KiB }' }));
      const { stdout, status } = await dump.place.pvebak('apply', 'site.yaml', '--yes');
      expect(status).toBe(3);
      expect(stdout).toContain(`127.0.0.1:${node.port} has sent nothing for ${SILENCE_MS / 1000} s`);
      expect(stdout).not.toContain('left on');
      await cleanWithin(node, 0);
    });
  });

  test("may wait for the node's vzdump lock for longer", async () => {
    await onFreeNode(async (node) => {
      const vmid = vmidOf('a container', node.name);
      await using dump = await struckDump(empty, node, vmid);
      node.spawn('flock --no-fork /run/vzdump.lock sleep 600');
      await sleep(500);
      const run = dump.place.start(['apply', 'site.yaml', '--yes']);
      await run.says("waits for the node's vzdump lock");
      await sleep(1.5 * SILENCE_MS);
      await node.exec('pkill -x sleep');
      expect((await run.ended).status).toBe(0);
    });
  });
});

/** Its configuration with a lock, if it has one, and whether it runs. */
function stateOf(vmid: number) {
  return { config: findGuest(lab, vmid)?.config.values, run: runState(lab, vmid) };
}
