/** A VM, on the node itself: backups, restore and growth beside restic and borg, and the share of the processor's ceiling. */

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type BenchContext, runChild, workFolder, writeGenerations } from './bench-context.ts';
import { BenchNodes } from './bench-node.ts';
import { type DiskPlan, dataBytes, planDisk, rewrite, scatter } from './disk-plan.ts';
import type { IntakeFigures } from './intake-alone.ts';
import { borgTool, resticTool } from './piped-tools.ts';
import { ceilingSeconds, type NeededWork } from './processor-ceiling.ts';
import type { ProcessorSpeeds } from './processor-speeds.ts';
import { type BackupFigures, pvebakTool } from './pvebak-tool.ts';
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
  const { files, lengths, pool } = await writeGenerations(context, disks, {
    folder: folder.path,
    vmid: VMID,
  });
  using _closed = pool;
  const streams = files.map((file, index) => ({ file, length: lengths[index] ?? 0 }));
  await using nodes = await BenchNodes.start(folder.path);
  nodes.addVm(VMID);
  using pvebak = await pvebakTool({ nodes, vmid: VMID, type: 'qemu' });
  const reports: BackupFigures[] = [];
  const results: Result[] = [];
  for (const tool of [pvebak, await resticTool(folder.path), await borgTool(folder.path)]) {
    context.say(`${tool.name}: ${BACKUPS.join(', ')}, restore`);
    results.push(...(await backups(tool, streams, () => tool === pvebak && reports.push(pvebak.lastReport))));
    results.push(await restore(tool, streams, join(folder.path, 'restored.vma')));
    if (tool === pvebak)
      await expectDisk(join(folder.path, 'restored.vma'), { disk: disks[2] ?? planDisk(0, ''), pool });
  }
  const intake = await intakeAlone(streams, join(folder.path, 'intake'));
  const { figures: speeds } = await runChild<ProcessorSpeeds>('processor-speeds.ts', {
    args: [files[0] ?? ''],
  });
  const shares = sharesOf({ results, reports, intake, speeds, cores: context.cores });
  rmSync(join(folder.path, 'restored.vma'), { force: true });
  return {
    name: 'vm',
    tables: [mainTable(results, disks), intakeTable(intake), speedTable(speeds), shares.table],
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

async function backups(
  tool: Tool,
  streams: readonly Stream[],
  after: () => void,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (const [index, { file, length }] of streams.entries()) {
    const before = tool.repositoryBytes();
    const run = await tool.backup(file);
    after();
    results.push({
      what: BACKUPS[index] ?? '',
      tool: tool.name,
      run,
      growth: tool.repositoryBytes() - before,
      stream: length,
    });
  }
  return results;
}

async function restore(tool: Tool, streams: readonly Stream[], file: string): Promise<Result> {
  const run = await tool.restore(file);
  return { what: 'restore', tool: tool.name, run, growth: undefined, stream: streams.at(-1)?.length ?? 0 };
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

interface Intake {
  readonly what: string;
  readonly figures: IntakeFigures;
  readonly run: Run;
  readonly stream: number;
}

async function intakeAlone(streams: readonly Stream[], repository: string): Promise<readonly Intake[]> {
  const taken: Intake[] = [];
  for (const [index, { file, length }] of streams.slice(0, 2).entries()) {
    const { figures, run } = await runChild<IntakeFigures>('intake-alone.ts', {
      args: [repository],
      input: file,
    });
    taken.push({ what: BACKUPS[index] ?? '', figures, run, stream: length });
  }
  return taken;
}

function intakeTable(intake: readonly Intake[]): Table {
  return {
    title: 'Intake alone: one process that takes the stream into a repository',
    columns: ['', 'stream s', 'processor s', 'peak MiB', 'MiB/s'],
    rows: intake.map(({ what, figures, run, stream }) => [
      what,
      figures.seconds,
      run.cpu,
      mib(run.peak),
      mib(stream) / figures.seconds,
    ]),
  };
}

function speedTable({ hash, zstd, cipher, mac }: ProcessorSpeeds): Table {
  return {
    title: 'One core of this machine, on this data',
    columns: ['', 'MiB/s'],
    rows: [
      ['SHA-256', mib(hash)],
      ['zstd level 3', mib(zstd)],
      ['AES-256-CTR', mib(cipher)],
      ['Poly1305', mib(mac)],
    ],
  };
}

const AIM = 0.9;

interface Shares {
  readonly results: readonly Result[];
  readonly reports: readonly BackupFigures[];
  readonly intake: readonly Intake[];
  readonly speeds: ProcessorSpeeds;
  readonly cores: number;
}

/** Of the time that the stream takes: plan and start cost no processor time that belongs to it. */
function sharesOf({ results, reports, intake, speeds, cores }: Shares): {
  readonly table: Table;
  readonly verdicts: readonly Verdict[];
} {
  const applied = reports.slice(0, 2).map((report, index) => ({
    what: BACKUPS[index] ?? '',
    how: 'pvebak apply',
    seconds:
      results.find(({ tool, what }) => tool === 'pvebak' && what === BACKUPS[index])?.run.inside ??
      Number.NaN,
    work: { ...report, dataBytes: report.newBytes + report.reusedBytes },
  }));
  const alone = intake.map(({ what, figures }) => ({
    what,
    how: 'intake alone',
    seconds: figures.seconds,
    work: figures,
  }));
  const judged = [...applied, ...alone].map((each) => ({
    ...each,
    least: ceilingSeconds(each.work satisfies NeededWork, speeds, cores),
  }));
  return {
    table: {
      title: `The ceiling of ${cores} cores: hash, zstd, cipher and MAC of what needs them, and nothing else`,
      columns: ['', 'how', 'data MiB', 'new MiB', 'stored MiB', 'ceiling s', 'stream s', 'share %'],
      rows: judged.map(({ what, how, work, least, seconds }) => [
        what,
        how,
        mib(work.dataBytes),
        mib(work.newBytes),
        mib(work.storedBytes),
        least,
        seconds,
        (100 * least) / seconds,
      ]),
    },
    verdicts: judged
      .filter(({ how }) => how === 'pvebak apply')
      .map(({ what, least, seconds }) =>
        atLeast(`${what}, share of the processor's ceiling`, least / seconds, { bar: AIM, unit: '' }),
      ),
  };
}
