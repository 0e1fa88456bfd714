import { subjectOf } from '../../browse/choose-snapshot.ts';
import { type Difference, diffSnapshots, type SnapshotSide } from '../../browse/diff-snapshots.ts';
import { writeToStream } from '../../browse/write-to-stream.ts';
import { UserError } from '../../user-error.ts';
import {
  type ChosenSnapshot,
  CLOSED_PIPE_STATUS,
  chosen,
  heldSnapshots,
  reading,
  type SnapshotChoice,
} from '../browse-session.ts';
import { EXIT_STATUS } from '../exit-status.ts';
import type { Surroundings } from '../surroundings.ts';
import { datedMoment } from '../view/dated-moment.ts';
import { differenceJson } from '../view/diff-json.ts';
import { type DiffSides, DiffTotals, differenceText } from '../view/diff-text.ts';
import { jsonLine } from '../view/ls-json.ts';

export interface DiffOptions extends Omit<SnapshotChoice, 'snapshot'> {
  readonly before: string;
  readonly after: string;
  readonly json: boolean;
}

/** Shows what differs between two snapshots, which may lie in two repositories of a site. */
export async function diffCommand(options: DiffOptions, surroundings: Surroundings): Promise<number> {
  const { guest } = options;
  if (guest !== undefined && ![options.before, options.after].includes('latest'))
    throw new UserError('usage', '--guest goes with latest', {
      hint: `write ${guest} instead of a snapshot`,
    });
  const held = await heldSnapshots(options, surroundings);
  const before = choose(held, options.before, options);
  const after = choose(held, options.after, options);
  return reading(before.open, surroundings, ({ reader, signal }) => {
    const earlier = { reader, snapshot: before.snapshot };
    if (after.open === before.open)
      return show({ before, after }, [earlier, { reader, snapshot: after.snapshot }], {
        ...options,
        surroundings,
        signal,
      });
    return reading(after.open, { ...surroundings, signal }, (other) =>
      show({ before, after }, [earlier, { reader: other.reader, snapshot: after.snapshot }], {
        ...options,
        surroundings,
        signal: other.signal,
      }),
    );
  });
}

function choose(held: readonly ChosenSnapshot[], what: string, { guest, from }: DiffOptions): ChosenSnapshot {
  const byName = what === 'latest' || what.includes('/');
  return chosen(held, {
    what,
    guest: what === 'latest' ? guest : undefined,
    from: byName ? from : undefined,
  });
}

interface Showing {
  readonly json: boolean;
  readonly surroundings: Surroundings;
  readonly signal: AbortSignal;
}

async function show(
  { before, after }: { readonly before: ChosenSnapshot; readonly after: ChosenSnapshot },
  [earlier, later]: readonly [SnapshotSide, SnapshotSide],
  { json, surroundings, signal }: Showing,
): Promise<number> {
  const { timeZone } = surroundings;
  const differences = diffSnapshots(earlier, later);
  const sides = { before: sideText(before, timeZone), after: sideText(after, timeZone) };
  const text = json ? jsonLines(differences) : textLines(differences, sides, surroundings);
  const outcome = await writeToStream(surroundings.stdout, text, { signal });
  return outcome === 'closed' ? CLOSED_PIPE_STATUS : EXIT_STATUS.done;
}

function sideText({ snapshot }: ChosenSnapshot, timeZone: string): string {
  const what = subjectOf(snapshot) ?? snapshot.paths.join(' ');
  return `${snapshot.id.slice(0, 8)} ${what} ${datedMoment(Date.parse(snapshot.time), timeZone)}`;
}

async function* jsonLines(differences: AsyncIterable<Difference>): AsyncGenerator<string> {
  for await (const difference of differences) yield jsonLine(differenceJson(difference));
}

async function* textLines(
  differences: AsyncIterable<Difference>,
  sides: DiffSides,
  { colour }: Surroundings,
): AsyncGenerator<string> {
  const totals = new DiffTotals();
  for await (const difference of differences) {
    totals.add(difference);
    yield differenceText(difference, sides, colour);
  }
  yield totals.text();
}
