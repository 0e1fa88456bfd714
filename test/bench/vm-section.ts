/** A VM, on the node itself: backups, restore and growth beside restic and borg, and the share of the processor's ceiling. */

import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type BenchContext, workFolder, writeGenerations } from './bench-context.ts';
import { BenchNodes } from './bench-node.ts';
import { type DiskPlan, dataBytes, planDisk, rewrite, scatter } from './disk-plan.ts';
import { borgTool, resticTool } from './piped-tools.ts';
import { processorShares } from './processor-shares.ts';
import { pvebakTool } from './pvebak-tool.ts';
import { atLeast, atMost, type Cell, mib, type Section, type Table, type Verdict } from './report.ts';
import type { Run, Tool } from './tool.ts';
import { expectDisk } from './vm-stream.ts';

const VMID = 101;
const REWRITTEN = 0.01;
const SCATTERED = 0.001;
const BACKUPS = ['first backup', 'second backup', 'random 4 KiB writes'] as const;

interface Result {
  readonly what: string;
  readonly tool: string;
  readonly run: Run;
  readonly growth: number | undefined;
  readonly stream: number;
}

export async function vmSection(context: BenchContext): Promise<Section> {
  using folder = workFolder(context, 'vm');
  const disks = generations(context);
  const written = await writeGenerations(context, disks, { folder: folder.path, vmid: VMID });
  using pool = written.pool;
  const streams = written.files.map((file, index) => ({ file, length: written.lengths[index] ?? 0 }));
  await using nodes = await BenchNodes.start(folder.path);
  nodes.addVm(VMID);
  using pvebak = await pvebakTool({ nodes, vmid: VMID, type: 'qemu' });
  const restored = join(folder.path, 'restored.vma');
  const results: Result[] = [];
  for (const tool of [pvebak, await resticTool(folder.path), await borgTool(folder.path)]) {
    context.say(`${tool.name}: ${BACKUPS.join(', ')}, restore`);
    results.push(...(await backups(tool, streams)));
    rmSync(restored, { force: true });
    results.push(await restore(tool, streams, restored));
    const [disk] = disks.slice(-1);
    if (disk !== undefined) await expectDisk(restored, { disk, pool });
  }
  const shares = await processorShares(context, {
    streams: streams.slice(0, 2).map((stream, index) => ({ ...stream, what: BACKUPS[index] ?? '' })),
    runs: results.filter(({ tool }) => tool === pvebak.name),
    repository: join(folder.path, 'intake'),
  });
  return {
    name: 'vm',
    tables: [mainTable(results, disks), ...shares.tables],
    verdicts: [...verdicts(results), ...shares.verdicts],
  };
}

/** The disk as it was at each backup. */
function generations({ options: { size, seed } }: BenchContext): readonly DiskPlan[] {
  const first = planDisk(size, seed);
  const second = rewrite(first, REWRITTEN, seed);
  return [first, second, scatter(second, dataBytes(first) * SCATTERED, seed)];
}

interface Stream {
  readonly file: string;
  readonly length: number;
}

async function backups(tool: Tool, streams: readonly Stream[]): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (const [index, { file, length }] of streams.entries()) {
    const before = tool.repositoryBytes();
    useMemory(file, length);
    const run = await tool.backup(file);
    const growth = tool.repositoryBytes() - before;
    results.push({ what: BACKUPS[index] ?? '', tool: tool.name, run, growth, stream: length });
  }
  return results;
}

async function restore(tool: Tool, streams: readonly Stream[], file: string): Promise<Result> {
  const stream = streams.at(-1)?.length ?? 0;
  useMemory(file, stream);
  const run = await tool.restore(file);
  return { what: 'restore', tool: tool.name, run, growth: undefined, stream };
}

/**
 * Takes the memory that a file of so many bytes beside this one takes, and gives it back: in a virtual machine whoever is the first
 * to use a page pays for it, ten times what it is to use it again, and the first program would pay for all.
 */
function useMemory(beside: string, bytes: number): void {
  const file = `${beside}.memory`;
  const piece = Buffer.alloc(1 << 20, 1);
  const fd = openSync(file, 'w');
  for (let at = 0; at < bytes; at += piece.length) writeSync(fd, piece);
  closeSync(fd);
  rmSync(file);
}

function mainTable(results: readonly Result[], disks: readonly DiskPlan[]): Table {
  const [first] = disks;
  const disk = first === undefined ? 0 : first.size;
  const data = first === undefined ? 0 : dataBytes(first);
  const order = [...BACKUPS, 'restore'];
  const sorted = results.toSorted((a, b) => order.indexOf(a.what) - order.indexOf(b.what));
  return {
    title: `VM with a disk of ${mib(disk)} MiB, ${mib(data).toFixed(0)} MiB of it data`,
    columns: [
      '',
      'program',
      'wall s',
      'stream s',
      'processor s',
      'peak MiB',
      'MiB/s',
      'growth MiB',
      'pvebak is',
    ],
    rows: sorted.map((result) => rowOf(result, sorted)),
    notes: [
      "wall: the whole command, its start and pvebak's plan included. stream: what pvebak says that the stream alone took.",
      'MiB/s: of the stream, by the wall. pvebak is: so many times as fast, by the wall.',
      `second backup: ${REWRITTEN * 100} % of the data rewritten; then ${SCATTERED * 100} % in blocks of 4 KiB, without a bar.`,
    ],
  };
}

function rowOf({ what, tool, run, growth, stream }: Result, all: readonly Result[]): readonly Cell[] {
  const own = all.find((each) => each.what === what && each.tool === 'pvebak');
  const ratio = own === undefined || tool === 'pvebak' ? undefined : run.wall / own.run.wall;
  const grown = growth === undefined ? undefined : mib(growth);
  return [
    what,
    tool,
    run.wall,
    run.inside,
    run.cpu,
    mib(run.peak),
    mib(stream) / run.wall,
    grown,
    ratio === undefined ? '' : `${ratio.toFixed(2)}x`,
  ];
}

function verdicts(results: readonly Result[]): readonly Verdict[] {
  const of = (what: string, tool: string) => results.find((each) => each.what === what && each.tool === tool);
  const faster = (what: string, tool: string) =>
    (of(what, tool)?.run.wall ?? Number.NaN) / (of(what, 'pvebak')?.run.wall ?? Number.NaN);
  const grown =
    (of('second backup', 'pvebak')?.growth ?? Number.NaN) /
    (of('second backup', 'restic')?.growth ?? Number.NaN);
  return [
    atMost("growth of the second backup, of restic's", grown, { bar: 0.1 }),
    atLeast('first backup, as fast as restic', faster('first backup', 'restic'), { bar: 1.5 }),
    atLeast('first backup, as fast as borg', faster('first backup', 'borg'), { bar: 2 }),
    atLeast('second backup, as fast as restic', faster('second backup', 'restic'), { bar: 2.5 }),
    atLeast('restore, as fast as restic dump', faster('restore', 'restic'), { bar: 1.5 }),
  ];
}
