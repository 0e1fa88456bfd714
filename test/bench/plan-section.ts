/** What it takes to plan sites of several sizes, each guest with twenty snapshots, with what was read before in the cache. */
import { type BenchContext, runChild, workFolder } from './bench-context.ts';
import type { PlanFigures } from './plan-process.ts';
import { atMost, mib, type Section } from './report.ts';
import type { Measured } from './run-measured.ts';

const SIZES = [250, 500, 1000] as const;
const BAR_SECONDS = 2;
const BAR_MIB = 300;
/** How much more of each guest's time four times as many guests may take. */
const BAR_GROWTH = 1.5;

interface SizeRun {
  readonly guests: number;
  readonly figures: PlanFigures;
  readonly run: Measured;
}

export async function planSection(context: BenchContext): Promise<Section> {
  const runs: SizeRun[] = [];
  for (const guests of SIZES) {
    using folder = workFolder(context, `plan-${guests}`);
    context.say(`a repository with ${guests * 20} snapshots`);
    await runChild('plan-process.ts', { args: ['make', folder.path, String(guests)] });
    const plan = () => runChild<PlanFigures>('plan-process.ts', { args: ['plan', folder.path] });
    await plan();
    const tries = [await plan(), await plan(), await plan()];
    runs.push({ guests, ...quickest(tries) });
  }
  const [small, , large] = runs;
  const eachMs = (run: SizeRun | undefined) => (run === undefined ? 0 : workOf(run.figures) / run.guests);
  return {
    name: 'plan',
    tables: [
      {
        title: 'Planning with a cache',
        columns: [
          'guests',
          'snapshots',
          'key ms',
          'snapshots ms',
          'plan ms',
          'text ms',
          'wall s',
          'peak MiB',
        ],
        rows: runs.map(({ guests, figures: { snapshots, phases }, run }) => [
          String(guests),
          String(snapshots),
          phases.key,
          phases.snapshots,
          phases.plan,
          phases.text,
          run.wall,
          mib(run.peak),
        ]),
        notes: [
          'Processor time, but for wall: of the process, with the start of Node, the best of three. key: scrypt, the same for every repository.',
        ],
      },
    ],
    verdicts: [
      atMost('wall for 1,000 guests', large?.run.wall ?? 0, { bar: BAR_SECONDS, unit: ' s' }),
      atMost('memory for 1,000 guests', mib(large?.run.peak ?? 0), { bar: BAR_MIB, unit: ' MiB' }),
      atMost('growth of the work for each guest', eachMs(large) / eachMs(small), {
        bar: BAR_GROWTH,
        unit: 'x',
      }),
    ],
  };
}

/** Whatever else the machine does only adds. */
function quickest<Run extends { readonly run: Measured }>(tries: readonly Run[]): Run {
  return tries.reduce((best, one) => (one.run.wall < best.run.wall ? one : best));
}

function workOf({ phases }: PlanFigures): number {
  return phases.snapshots + phases.plan + phases.text;
}
