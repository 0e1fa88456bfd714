import { inspect } from 'node:util';
import { Draws } from './draws.ts';
import type { FaultPart, Made, PartName } from './fault-part.ts';

export interface CampaignOptions {
  readonly seed: string;
  /** For all parts together, beside what it takes to prepare them. */
  readonly milliseconds: number;
  /** Only this case of each part; undefined for as many as there is time for. */
  readonly onlyCase: number | undefined;
  /** How many cases a part runs at most. */
  readonly mostCases: number;
  readonly say: (line: string) => void;
}

/** What came of one part. */
export interface PartResult {
  readonly name: PartName;
  readonly cases: number;
  readonly made: ReadonlyMap<string, number>;
  readonly losses: readonly Loss[];
  readonly milliseconds: number;
}

/** A case that did not come out as it must. */
export interface Loss {
  readonly case: number;
  readonly what: string;
}

const TELL_EVERY_MS = 15_000;
/** A part that is broken is broken in many cases. */
const MOST_LOSSES = 5;

/** Runs the parts one after the other, each for its share of the time and for one case at least. */
export async function runCampaign(
  parts: readonly FaultPart[],
  options: CampaignOptions,
): Promise<readonly PartResult[]> {
  const shares = parts.reduce((sum, { share }) => sum + share, 0);
  const results: PartResult[] = [];
  for (const part of parts)
    results.push(
      await runPart(part, { ...options, milliseconds: (options.milliseconds * part.share) / shares }),
    );
  return results;
}

async function runPart(part: FaultPart, options: CampaignOptions): Promise<PartResult> {
  const { seed, milliseconds, onlyCase, mostCases, say } = options;
  const made = new Map<string, number>();
  const losses: Loss[] = [];
  let next = onlyCase ?? 0;
  let cases = 0;
  const isOver = () =>
    losses.length >= MOST_LOSSES ||
    (onlyCase === undefined
      ? next >= mostCases || (next > 0 && performance.now() - began > milliseconds)
      : next > onlyCase);
  say(`${part.name}: preparing`);
  await using prepared = await part.prepare(`${seed} ${part.name}`);
  const began = performance.now();
  let told = began;
  const work = async (lane: number) => {
    while (!isOver()) {
      const number = next++;
      try {
        add(made, await prepared.run(new Draws(`${seed} ${part.name} ${number}`), lane));
      } catch (error) {
        const what = inspect(error);
        losses.push({ case: number, what });
        say(
          `${part.name}: case ${number} FAILED; repeat it: --seed ${seed} --only ${part.name} --case ${number}\n${what}`,
        );
      }
      cases += 1;
      if (performance.now() - told < TELL_EVERY_MS) continue;
      told = performance.now();
      say(`${part.name}: ${cases} cases, ${total(made)} faults, ${losses.length} lost`);
    }
  };
  await Promise.all(Array.from({ length: prepared.lanes }, (_, lane) => work(lane)));
  const spent = performance.now() - began;
  say(
    `${part.name}: ${cases} cases, ${total(made)} faults in ${Math.round(spent / 1000)} s, ${losses.length} lost`,
  );
  return { name: part.name, cases, made, losses, milliseconds: spent };
}

function add(sums: Map<string, number>, made: Made): void {
  for (const [kind, count] of Object.entries(made)) sums.set(kind, (sums.get(kind) ?? 0) + count);
}

function total(made: ReadonlyMap<string, number>): number {
  return made.values().reduce((sum, count) => sum + count, 0);
}
