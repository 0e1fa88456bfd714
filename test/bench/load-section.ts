/** 200 guests on 8 nodes in one apply: memory, how long the event loop is kept, and what is left at the end. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ENTRY, Workplace } from '../cli/program.ts';
import { type BenchContext, workFolder, writeGenerations } from './bench-context.ts';
import { BenchNodes } from './bench-node.ts';
import { clusterSite } from './cluster-site.ts';
import { planDisk } from './disk-plan.ts';
import type { ThreadFigures } from './load-probe.ts';
import { reportsOf } from './pvebak-tool.ts';
import { atMost, mib, type Section } from './report.ts';
import { type Measured, mustRun } from './run-measured.ts';

const GUESTS = 200;
const NODES = Array.from({ length: 8 }, (_, index) => `pve${index + 1}`);
const DISK_BYTES = 8 << 20;
const BAR_P99_MS = 100;
const BAR_TASK_MS = 50;
const BAR_MIB = 800;
const ROUNDS = ['first backups', 'second backups'];

interface Round {
  readonly what: string;
  readonly run: Measured;
  readonly threads: readonly ThreadFigures[];
}

export async function loadSection(context: BenchContext): Promise<Section> {
  using folder = workFolder(context, 'load');
  await using nodes = await BenchNodes.start(folder.path, NODES);
  using place = new Workplace();
  place.write('site.yaml', clusterSite(nodes, NODES));
  await mustRun({ line: place.line('init', 'site.yaml'), env: place.environment });
  await addGuests(context, nodes, folder.path);
  const rounds: Round[] = [];
  for (const what of ROUNDS) rounds.push(await backUpAll(context, place, what));
  return sectionOf(rounds);
}

/** One disk for each node; which one a guest has differs from its neighbour's. */
async function addGuests(context: BenchContext, nodes: BenchNodes, folder: string): Promise<void> {
  const { seed } = context.options;
  const disks = NODES.map((node) =>
    planDisk(DISK_BYTES, `${seed} load ${node}`, { zeros: 0.2, random: 0.6 }),
  );
  const { files, pool } = await writeGenerations(context, disks, { folder, vmid: 100 });
  pool[Symbol.dispose]();
  for (let index = 0; index < GUESTS; index++) {
    nodes.addVm(1000 + index, NODES[index % NODES.length]);
    nodes.prepare(1000 + index, files[Math.floor(index / NODES.length) % files.length] ?? '');
  }
}

async function backUpAll(context: BenchContext, place: Workplace, what: string): Promise<Round> {
  context.say(what);
  const figures = place.write(`figures ${what}`.replaceAll(' ', '-'), '');
  const probe = join(import.meta.dirname, 'load-probe.ts');
  const args = ['apply', 'site.yaml', '--yes', '--json', '--parallel', String(NODES.length)];
  const line = place.line(...args).replace(ENTRY, `--import ${probe} ${ENTRY}`);
  const run = await mustRun({
    line: line.replace(' env ', ` env PVEBAK_LOAD_FIGURES=${figures} `),
    env: place.environment,
  });
  const made = reportsOf(run.stdout, 'backed-up').length;
  if (made !== GUESTS) throw new Error(`${made} of ${GUESTS} guests were backed up`);
  const lines = readFileSync(figures, 'utf8').trim().split('\n');
  return { what, run, threads: lines.map((text): ThreadFigures => JSON.parse(text)) };
}

function sectionOf(rounds: readonly Round[]): Section {
  const rows = rounds.map(({ what, run, threads }) => {
    const main = threads.filter(({ thread }) => thread === 'main');
    const others = threads.filter(({ thread }) => thread !== 'main');
    return [
      what,
      run.cpu,
      mib(run.peak),
      most(main, ({ worked }) => worked.p99),
      most(main, ({ worked }) => worked.loading),
      most(main, ({ worked }) => worked.longest),
      most(others, ({ worked }) => worked.longest),
      most(main, ({ delay }) => delay.p99),
      String(threads.flatMap(({ descriptors }) => descriptors).length),
      String(threads.flatMap(({ warnings }) => warnings).length),
    ];
  });
  const left = rounds.flatMap(({ threads }) =>
    threads.flatMap(({ descriptors, warnings }) => [...descriptors, ...warnings]),
  );
  return {
    name: 'load',
    tables: [
      {
        title: `${GUESTS} guests on ${NODES.length} nodes in one apply`,
        columns: [
          '',
          'processor s',
          'peak MiB',
          'p99 ms',
          'loading ms',
          'longest ms',
          'longest elsewhere ms',
          'delay p99 ms',
          'descriptors left',
          'warnings',
        ],
        rows,
        notes: [
          'p99, loading, longest: processor time of the main thread between two rounds of its event loop, at least 10 ms apart; delay is by the clock.',
          ...rounds.flatMap(({ what, threads }) => threads.flatMap((one) => longText(what, one))),
          ...left,
        ],
      },
    ],
    verdicts: rounds.flatMap(({ what, run, threads }) => verdictsOf(what, run, threads)),
  };
}

function verdictsOf(what: string, run: Measured, threads: readonly ThreadFigures[]) {
  const main = threads.filter(({ thread }) => thread === 'main');
  return [
    atMost(
      `event loop p99, ${what}`,
      most(main, ({ worked }) => worked.p99),
      { bar: BAR_P99_MS, unit: ' ms' },
    ),
    atMost(
      `longest task, ${what}`,
      most(main, ({ worked }) => worked.longest),
      { bar: BAR_TASK_MS, unit: ' ms' },
    ),
    atMost(`memory, ${what}`, mib(run.peak), { bar: BAR_MIB, unit: ' MiB' }),
    atMost(`descriptors left, ${what}`, threads.flatMap(({ descriptors }) => descriptors).length, {
      bar: 0,
      unit: '',
    }),
    atMost(`warnings, ${what}`, threads.flatMap(({ warnings }) => warnings).length, { bar: 0, unit: '' }),
  ];
}

function longText(what: string, { thread, long }: ThreadFigures): readonly string[] {
  return long.map(
    ({ after, ms }) =>
      `${what}, thread ${thread}: ${ms.toFixed(0)} ms at once, after ${after.toFixed(0)} ms of its own`,
  );
}

function most(threads: readonly ThreadFigures[], pick: (figures: ThreadFigures) => number): number {
  return threads.reduce((max, one) => Math.max(max, pick(one)), 0);
}
