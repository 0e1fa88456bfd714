/** How near pvebak's backups of a VM come to what the processor can do at most, whole and as the intake alone. */
import { type BenchContext, runChild } from './bench-context.ts';
import type { IntakeFigures } from './intake-alone.ts';
import { ceilingSeconds, type NeededWork } from './processor-ceiling.ts';
import type { ProcessorSpeeds } from './processor-speeds.ts';
import { atLeast, mib, type Table, type Verdict } from './report.ts';
import type { Run } from './tool.ts';

export interface BackedUp {
  /** In backup order; each is taken in alone as well. */
  readonly streams: readonly { readonly what: string; readonly file: string; readonly length: number }[];
  readonly runs: readonly { readonly what: string; readonly run: Run }[];
  /** Where a repository for the intake alone may be made. */
  readonly repository: string;
}

const AIM = 0.9;

/** Of the time that the stream takes: plan and start cost no processor time that belongs to it. */
export async function processorShares(
  { cores, say }: BenchContext,
  { streams, runs, repository }: BackedUp,
): Promise<{ readonly tables: readonly Table[]; readonly verdicts: readonly Verdict[] }> {
  say('the intake alone, and the speed of one core');
  const { figures: speeds } = await runChild<ProcessorSpeeds>('processor-speeds.ts', {
    args: [streams[0]?.file ?? ''],
  });
  const intake: Intake[] = [];
  for (const { what, file, length } of streams) {
    const { figures, run } = await runChild<IntakeFigures>('intake-alone.ts', {
      args: [repository],
      input: file,
    });
    intake.push({ what, figures, run, length });
  }
  const applied = streams.flatMap(({ what }) => {
    const { inside, work } = runs.find((each) => each.what === what)?.run ?? {};
    return inside === undefined || work === undefined
      ? []
      : [{ what, how: 'pvebak apply', seconds: inside, work }];
  });
  const alone = intake.map(({ what, figures }) => ({
    what,
    how: 'intake alone',
    seconds: figures.seconds,
    work: figures,
  }));
  const shares = [...applied, ...alone].map((each) => ({
    ...each,
    least: ceilingSeconds(each.work, speeds, cores),
  }));
  return {
    tables: [intakeTable(intake), speedTable(speeds), shareTable(shares, cores)],
    verdicts: shares
      .filter(({ how }) => how === 'pvebak apply')
      .map(({ what, least, seconds }) =>
        atLeast(`${what}, share of the processor's ceiling`, least / seconds, { bar: AIM, unit: '' }),
      ),
  };
}

interface Intake {
  readonly what: string;
  readonly figures: IntakeFigures;
  readonly run: Run;
  /** Of the stream. */
  readonly length: number;
}

interface Share {
  readonly what: string;
  readonly how: string;
  readonly seconds: number;
  readonly work: NeededWork;
  /** Seconds that the work takes at least. */
  readonly least: number;
}

function intakeTable(intake: readonly Intake[]): Table {
  return {
    title: 'Intake alone: one process that takes the stream into a repository',
    columns: ['', 'stream s', 'processor s', 'peak MiB', 'MiB/s'],
    rows: intake.map(({ what, figures, run, length }) => [
      what,
      figures.seconds,
      run.cpu,
      mib(run.peak),
      mib(length) / figures.seconds,
    ]),
  };
}

function speedTable({ hash, zstd, cipher, mac }: ProcessorSpeeds): Table {
  return {
    title: 'One core of this machine, on this data',
    columns: ['', 'MiB/s'],
    rows: [
      ['SHA-256', mib(hash)],
      ['zstd level 1', mib(zstd)],
      ['AES-256-CTR', mib(cipher)],
      ['Poly1305', mib(mac)],
    ],
  };
}

function shareTable(shares: readonly Share[], cores: number): Table {
  return {
    title: `The ceiling of ${cores} cores: hash, zstd, cipher and MAC of what needs them, and nothing else`,
    columns: ['', 'how', 'data MiB', 'new MiB', 'stored MiB', 'ceiling s', 'stream s', 'share %'],
    rows: shares.map(({ what, how, work, least, seconds }) => [
      what,
      how,
      mib(work.dataBytes),
      mib(work.newBytes),
      mib(work.storedBytes),
      least,
      seconds,
      (100 * least) / seconds,
    ]),
  };
}
