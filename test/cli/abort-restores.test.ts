/**
 * Restores that are struck while they run. Whatever happens to pvebak or to the way to the node, nothing of ours stays on the
 * node; at most the guest that was being restored does, half done, and pvebak says what to type. PVEBAK_SEED repeats a run,
 * PVEBAK_WHOLE_MATRIX=1 takes all 45 cells.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { randomBytesOf } from '../lab/disk-image.ts';
import { addCt, addVm, containerFolder, diskFile, findGuest } from '../lab/guests.ts';
import { type Lab, startLab } from '../lab/lab.ts';
import type { LabNode } from '../lab/lab-node.ts';
import { draw, sampleOf, wholeMatrix } from './abort-matrix.ts';
import {
  DISK_BYTES,
  POLICY,
  RESTORES,
  type RestoreCell,
  restoreArguments,
  strikeRestore,
  struckRestore,
} from './abort-restore-cell.ts';
import { byIdentity, labSite } from './lab-site.ts';
import { cleanWithin } from './node-mess.ts';
import { Workplace } from './program.ts';

const seed = process.env['PVEBAK_SEED'] ?? randomBytes(4).toString('hex');
const cells = process.env['PVEBAK_WHOLE_MATRIX'] === '1' ? wholeMatrix(RESTORES, seed) : fewOf(seed);
process.stdout.write(`abort matrix of restores: PVEBAK_SEED=${seed}\n`);

/** The node needs a minute to take a client for dead: of those cells, one for each such accident. */
function fewOf(seed: string): readonly RestoreCell[] {
  const patient = RESTORES[Math.floor(draw(`${seed} patient`) * RESTORES.length)];
  const isSlow = ({ accident }: RestoreCell) => accident === 'SIGSTOP' || accident === 'a dropped route';
  const sample = sampleOf(RESTORES, seed).filter((cell) => !isSlow(cell) || cell.subject === patient);
  return sample.toSorted((one, other) => Number(isSlow(other)) - Number(isSlow(one)));
}

/** What stays on a node is looked for on all of it, so there are as many cells at once as nodes. */
const NODES = ['pve1', 'pve2', 'pve3', 'pve4', 'pve5'];
const GUESTS = { qmrestore: 'qemu/101', 'pct restore': 'lxc/105', staging: 'qemu/101' } as const;
let lab: Lab;
let full: Workplace;
let free: LabNode[];
const waiting: ((node: LabNode) => void)[] = [];

beforeAll(async () => {
  lab = await startLab({ nodes: NODES });
  free = [...lab.nodes];
  const content = { kind: 'random', bytes: DISK_BYTES } as const;
  addVm(lab, 'pve1', { vmid: 101, name: 'web', disks: [{ key: 'scsi0', sizeBytes: DISK_BYTES, content }] });
  const rootfs = (root: string) => writeFileSync(`${root}/noise`, randomBytesOf(DISK_BYTES, 'noise'));
  addCt(lab, 'pve1', { vmid: 105, hostname: 'git', rootfs });
  full = new Workplace();
  const hosts = { pve: byIdentity(lab.node('pve1')) };
  full.write('site.yaml', labSite({ hosts, backups: [POLICY] }));
  await full.makeRepository();
  await full.succeed('apply', 'site.yaml', '--yes');
});

afterAll(async () => {
  full[Symbol.dispose]();
  await lab.stop();
});

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

/** Without a header, qmrestore gives up after the same minute by itself. */
const SILENCE =
  /heard nothing of pvebak for 60 s|pvebak was not heard for 60 s|got timeout reading VMA header/;

/** What the run says, when it still can. */
const ENDS: Readonly<Record<RestoreCell['accident'], unknown>> = {
  SIGINT: { status: 130, kind: 'failed', code: 'interrupted' },
  SIGKILL: undefined,
  SIGSTOP: {
    status: 3,
    kind: 'failed',
    reason: expect.stringMatching(SILENCE),
  },
  'a cut connection': { status: 3, kind: 'unreachable', reason: expect.stringContaining('was lost') },
  'a dropped route': { status: 3, kind: 'unreachable', reason: expect.stringContaining('was lost') },
};

describe.concurrent(`a restore that is struck (seed ${seed})`, () => {
  test.each(cells.map((cell, index) => ({ ...cell, vmid: 901 + index })))(
    '$subject, by $accident, $moment: leaves nothing but what is named, and the next restore does it',
    { timeout: 900_000 },
    async ({ vmid, ...cell }) => {
      await onFreeNode(async (node) => {
        const guest = GUESTS[cell.subject];
        await using restore = await struckRestore({ full, node, guest, vmid });
        const { place } = restore;
        const outcome = await strikeRestore(cell, restore);
        if (outcome !== undefined) expect(outcome).toMatchObject(ENDS[cell.accident] ?? {});
        if (cell.subject === 'staging') expect(findGuest(lab, vmid)).toBeUndefined();
        else if (outcome !== undefined && findGuest(lab, vmid) !== undefined)
          expect(outcome.hint).toMatch(new RegExp(`(qm|pct) (destroy|config) ${vmid}`));
        expect(place.stored('locks')).toHaveLength(cell.accident === 'SIGKILL' ? 1 : 0);
        await place.succeed(...restoreArguments(restore, 'site.yaml'), '--replace');
        expect(contentOf(vmid).equals(contentOf(guest === 'lxc/105' ? 105 : 101))).toBe(true);
        expect(place.stored('locks')).toEqual([]);
        await cleanWithin(node, 0);
      });
    },
  );
});

function contentOf(vmid: number): Buffer {
  const isVm = findGuest(lab, vmid)?.type === 'qemu';
  return readFileSync(isVm ? diskFile(lab, vmid, 'scsi0') : `${containerFolder(lab, vmid)}/noise`);
}
