/** The most memory that pvebak has resident, over SSH, for disks of 1, 16 and 64 GiB, and for two nodes at once. */
import { join } from 'node:path';
import { Workplace } from '../cli/program.ts';
import { type BenchContext, workFolder, writeGenerations } from './bench-context.ts';
import { BenchNodes } from './bench-node.ts';
import { clusterSite } from './cluster-site.ts';
import { dataBytes, planDisk, rewrite } from './disk-plan.ts';
import { pvebakTool, reportsOf, sshHost } from './pvebak-tool.ts';
import { atMost, mib, type Section } from './report.ts';
import { type Measured, mustRun } from './run-measured.ts';

const GIB = 2 ** 30;
const SIZES = [1, 16, 64] as const;
const NODES = ['pve1', 'pve2'];
const TWO_NODES_SIZE = 16;
const BAR_MIB = 400;
const MOST_DATA = 0.6;

interface Peak {
  readonly what: string;
  readonly dataBytes: number;
  readonly peak: number;
  readonly wall: number;
}

export async function memorySection(context: BenchContext): Promise<Section> {
  const peaks: Peak[] = [];
  for (const size of SIZES) peaks.push(...(await oneDisk(context, size)));
  peaks.push(...(await twoNodes(context)));
  return {
    name: 'memory',
    tables: [
      {
        title: 'Peak memory of pvebak, over SSH',
        columns: ['', 'data MiB', 'wall s', 'peak MiB'],
        rows: peaks.map(({ what, dataBytes: data, wall, peak }) => [what, mib(data), wall, mib(peak)]),
      },
    ],
    verdicts: peaks.map(({ what, peak }) =>
      atMost(`peak memory, ${what}`, mib(peak), { bar: BAR_MIB, unit: ' MiB' }),
    ),
  };
}

/** As much data as the bench's usual disk has, the rest zeros. */
function sparseDisk({ options: { size, seed } }: BenchContext, gib: number, more = '') {
  const share = Math.min(MOST_DATA, (MOST_DATA * size) / (gib * GIB));
  const first = planDisk(gib * GIB, `${seed} ${gib}${more}`, { zeros: 1 - share, random: share / 3 });
  return [first, rewrite(first, 0.01, seed)] as const;
}

async function oneDisk(context: BenchContext, gib: number): Promise<readonly Peak[]> {
  using folder = workFolder(context, `memory-${gib}`);
  const disks = sparseDisk(context, gib);
  const { files, pool } = await writeGenerations(context, disks, { folder: folder.path, vmid: 101 });
  using _closed = pool;
  await using nodes = await BenchNodes.start(folder.path);
  nodes.addVm(101);
  using pvebak = await pvebakTool({ nodes, vmid: 101, type: 'qemu', host: sshHost(nodes, 'ssh2') });
  const data = dataBytes(disks[0]);
  const runs = [
    { what: 'first backup', run: await pvebak.backup(files[0] ?? '') },
    { what: 'second backup', run: await pvebak.backup(files[1] ?? '') },
    { what: 'restore', run: await pvebak.restore(join(folder.path, 'restored.vma')) },
  ];
  return runs.map(({ what, run }) => ({
    what: `${gib} GiB, ${what}`,
    dataBytes: data,
    peak: run.peak,
    wall: run.wall,
  }));
}

/** A cluster of two nodes, a guest on each, both in one run. */
async function twoNodes(context: BenchContext): Promise<readonly Peak[]> {
  using folder = workFolder(context, 'memory-two');
  await using nodes = await BenchNodes.start(folder.path, NODES);
  using place = new Workplace();
  place.write('site.yaml', clusterSite(nodes, NODES));
  await mustRun({ line: place.line('init', 'site.yaml'), env: place.environment });
  const guests: Guest[] = [];
  for (const [index, node] of NODES.entries()) {
    nodes.addVm(101 + index, node);
    guests.push(await makeGuest(context, { vmid: 101 + index, folder: folder.path }));
  }
  const peaks: Peak[] = [];
  for (const [index, what] of ['first backup', 'second backup'].entries()) {
    for (const { vmid, files } of guests) nodes.prepare(vmid, files[index] ?? '');
    const { peak, wall } = await backUpBoth(place);
    const data = guests.reduce((sum, each) => sum + each.dataBytes, 0);
    peaks.push({
      what: `two nodes at once, ${TWO_NODES_SIZE} GiB each, ${what}`,
      dataBytes: data,
      peak,
      wall,
    });
  }
  return peaks;
}

interface Guest {
  readonly vmid: number;
  readonly files: readonly string[];
  readonly dataBytes: number;
}

async function makeGuest(
  context: BenchContext,
  { vmid, folder }: { readonly vmid: number; readonly folder: string },
): Promise<Guest> {
  const disks = sparseDisk(context, TWO_NODES_SIZE, ` of ${vmid}`);
  const { files, pool } = await writeGenerations(context, disks, { folder, vmid });
  pool[Symbol.dispose]();
  return { vmid, files, dataBytes: dataBytes(disks[0]) };
}

async function backUpBoth(place: Workplace): Promise<Measured> {
  const run = await mustRun({
    line: place.line('apply', 'site.yaml', '--yes', '--json'),
    env: place.environment,
  });
  if (reportsOf(run.stdout, 'backed-up').length === NODES.length) return run;
  throw new Error(`not both were backed up:\n${run.stdout}`);
}
