/** The most memory that pvebak has resident, over SSH, for disks of 1, 16 and 64 GiB, and for two nodes at once. */
import { join } from 'node:path';
import { byIdentity, labSite } from '../cli/lab-site.ts';
import { Workplace } from '../cli/program.ts';
import { type BenchContext, workFolder, writeGenerations } from './bench-context.ts';
import { BenchNodes } from './bench-node.ts';
import { dataBytes, planDisk, rewrite } from './disk-plan.ts';
import { pvebakTool, reportsOf, sshHost } from './pvebak-tool.ts';
import { atMost, mib, type Section } from './report.ts';
import { mustRun } from './run-measured.ts';

const GIB = 2 ** 30;
const SIZES = [1, 16, 64] as const;
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
    { what: 'restore', run: await pvebak.restore(join(folder.path, 'restored')) },
  ];
  return runs.map(({ what, run }) => ({
    what: `${gib} GiB, ${what}`,
    dataBytes: data,
    peak: run.peak,
    wall: run.wall,
  }));
}

/** Two nodes that stand alone, a guest on each, one run. */
async function twoNodes(context: BenchContext): Promise<readonly Peak[]> {
  using folder = workFolder(context, 'memory-two');
  const names = ['pve1', 'pve2'];
  await using nodes = await BenchNodes.start(folder.path, names);
  using place = new Workplace();
  const hosts = Object.fromEntries(names.map((name) => [name, byIdentity(nodes.node(name))]));
  const backups = names.map(
    (name, index) => `{ name: of-${name}, host: ${name}, vmid: [${101 + index}], rpo: 1s }`,
  );
  place.write('site.yaml', labSite({ hosts, backups }));
  await mustRun({ line: place.line('init', 'site.yaml'), env: place.environment });
  const generations: string[][] = [];
  let data = 0;
  for (const [index, name] of names.entries()) {
    const disks = sparseDisk(context, TWO_NODES_SIZE, name);
    const { files, pool } = await writeGenerations(context, disks, {
      folder: folder.path,
      vmid: 101 + index,
    });
    pool[Symbol.dispose]();
    nodes.addVm(101 + index, name);
    generations.push([...files]);
    data += dataBytes(disks[0]);
  }
  const peaks: Peak[] = [];
  for (const [index, what] of ['first backup', 'second backup'].entries()) {
    for (const [guest, files] of generations.entries()) nodes.prepare(101 + guest, files[index] ?? '');
    const run = await mustRun({
      line: place.line('apply', 'site.yaml', '--yes', '--json'),
      env: place.environment,
    });
    if (reportsOf(run.stdout, 'backed-up').length !== names.length)
      throw new Error(`not both were backed up:\n${run.stdout}`);
    peaks.push({
      what: `two nodes at once, ${TWO_NODES_SIZE} GiB each, ${what}`,
      dataBytes: data,
      peak: run.peak,
      wall: run.wall,
    });
  }
  return peaks;
}
