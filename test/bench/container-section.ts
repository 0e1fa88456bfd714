/** Containers: one of many small files and one of large ones, unchanged, after nothing but reading, and one file out of them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BenchContext, poolFor, workFolder } from './bench-context.ts';
import { BenchNodes } from './bench-node.ts';
import { type ContainerPlan, contentOf, pathOf, writeContainerStream } from './container-stream.ts';
import type { ContentPool } from './content-pool.ts';
import { borgTool, resticTool } from './piped-tools.ts';
import { pvebakTool } from './pvebak-tool.ts';
import { atMost, type Cell, mib, type Section, type Table, unmeasured, type Verdict } from './report.ts';
import type { Run, Tool } from './tool.ts';

const VMID = 105;
const DAY = 86_400;
const BACKUPS = ['first backup', 'unchanged', 'atime-only change'] as const;
const ONE_FILE = 'one file';
const BAR_SECONDS = 2;
const KIB = 1024;
const MIB = KIB * KIB;

interface Kind {
  readonly name: string;
  readonly plan: ContainerPlan;
  /** The one that is restored. */
  readonly file: number;
  /** Whether the bar for one file is for this one: a large file takes what its bytes take. */
  readonly judged: boolean;
}

interface Result {
  readonly what: string;
  readonly tool: string;
  /** undefined: the program has no such command. */
  readonly run: Run | undefined;
  readonly growth: number | undefined;
}

export async function containerSection(context: BenchContext): Promise<Section> {
  const sections: Section[] = [];
  for (const kind of kindsOf(context)) sections.push(await measureKind(context, kind));
  return {
    name: 'container',
    tables: sections.flatMap(({ tables }) => tables),
    verdicts: sections.flatMap(({ verdicts }) => verdicts),
  };
}

function kindsOf({ options: { files, size, seed } }: BenchContext): readonly Kind[] {
  const small = { files, least: 100, most: 8 * KIB, seed: `${seed} small` };
  const large = {
    files: Math.max(1, Math.round(size / (160 * MIB))),
    least: 64 * MIB,
    most: 256 * MIB,
    seed: `${seed} large`,
  };
  return [
    { name: `${files} small files`, plan: small, file: Math.floor(files / 2), judged: true },
    { name: `${large.files} large files`, plan: large, file: 0, judged: false },
  ];
}

async function measureKind(context: BenchContext, { name, plan, file, judged }: Kind): Promise<Section> {
  using folder = workFolder(context, 'container');
  using pool = poolFor(context, 768 * MIB);
  context.say(`making streams of ${name}`);
  const streams = [0, DAY].map((readAfter) => {
    const path = join(folder.path, `container.${readAfter}.tar`);
    return { path, length: writeContainerStream(path, plan, { pool, readAfter }) };
  });
  const [made, read] = streams.map(({ path }) => path);
  await using nodes = await BenchNodes.start(folder.path);
  nodes.addContainer(VMID);
  using pvebak = await pvebakTool({ nodes, vmid: VMID, type: 'lxc' });
  const results: Result[] = [];
  for (const tool of [pvebak, await resticTool(folder.path), await borgTool(folder.path)]) {
    context.say(`${tool.name}: ${name}`);
    results.push(...(await backups(tool, [made ?? '', made ?? '', read ?? ''])));
    results.push(await oneFile(tool, { plan, file, pool, folder: folder.path }));
  }
  return {
    name: 'container',
    tables: [tableOf(name, results, streams[0]?.length ?? 0)],
    verdicts: judged ? [oneFileVerdict(name, results)] : [],
  };
}

async function backups(tool: Tool, streams: readonly string[]): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (const [index, stream] of streams.entries()) {
    const before = tool.repositoryBytes();
    const run = await tool.backup(stream);
    results.push({
      what: BACKUPS[index] ?? '',
      tool: tool.name,
      run,
      growth: tool.repositoryBytes() - before,
    });
  }
  return results;
}

interface Wanted {
  readonly plan: ContainerPlan;
  readonly file: number;
  readonly pool: ContentPool;
  readonly folder: string;
}

/** The second time counts: the first one may fill a cache. @throws when it is not the file */
async function oneFile(tool: Tool, { plan, file, pool, folder }: Wanted): Promise<Result> {
  const target = join(folder, 'one-file');
  await tool.oneFile(pathOf(file), target);
  const run = await tool.oneFile(pathOf(file), target);
  if (run !== undefined && Buffer.compare(readFileSync(target), contentOf(plan, file, pool)) !== 0)
    throw new Error(`${tool.name} gave other bytes for ${pathOf(file)}`);
  return { what: ONE_FILE, tool: tool.name, run, growth: undefined };
}

function tableOf(name: string, results: readonly Result[], length: number): Table {
  const order = [...BACKUPS, ONE_FILE];
  const sorted = results.toSorted((a, b) => order.indexOf(a.what) - order.indexOf(b.what));
  return {
    title: `Container of ${name}, a tar of ${mib(length).toFixed(0)} MiB`,
    columns: ['', 'program', 'wall s', 'stream s', 'processor s', 'peak MiB', 'MiB/s', 'growth MiB'],
    rows: sorted.map(({ what, tool, run, growth }): readonly Cell[] => {
      if (run === undefined) return [what, tool, 'not there'];
      const rate = what === ONE_FILE ? undefined : mib(length) / run.wall;
      return [
        what,
        tool,
        run.wall,
        run.inside,
        run.cpu,
        mib(run.peak),
        rate,
        growth === undefined ? undefined : mib(growth),
      ];
    }),
    notes: [
      'one file: pvebak dump of it; from restic and borg the whole tar through tar -x. The second time counts.',
    ],
  };
}

function oneFileVerdict(name: string, results: readonly Result[]): Verdict {
  const what = `one file of ${name}`;
  const run = results.find((each) => each.what === ONE_FILE && each.tool === 'pvebak')?.run;
  if (run === undefined) return unmeasured(what, `<= ${BAR_SECONDS} s`, 'not there');
  return atMost(what, run.wall, { bar: BAR_SECONDS, unit: ' s' });
}
