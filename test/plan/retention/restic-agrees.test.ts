import { expect, it } from 'vitest';
import type { Retention } from '../../../src/config/site.ts';
import { type DatedSnapshot, keepRules } from '../../../src/plan/retention/keep-rules.ts';
import { withSession } from '../../../src/repository/repository.ts';
import { saveTree } from '../../../src/repository/tree-writer.ts';
import { resticOk } from '../../repository/restic.ts';
import { type SampleRepository, sampleRepository } from '../../repository/sample-repository.ts';
import { snapshotFacts } from '../../repository/snapshot-facts.ts';

const HISTORIES = 120;
const DAY_MS = 86_400_000;

const RETENTIONS: readonly (readonly [Retention, readonly string[]])[] = [
  [{ last: 3 }, ['--keep-last', '3']],
  [{ hourly: 7 }, ['--keep-hourly', '7']],
  [{ daily: 7, last: 1 }, ['--keep-daily', '7', '--keep-last', '1']],
  [{ weekly: 5 }, ['--keep-weekly', '5']],
  [{ monthly: 12 }, ['--keep-monthly', '12']],
  [{ yearly: 4 }, ['--keep-yearly', '4']],
  [{ withinMs: 9 * DAY_MS }, ['--keep-within', '9d']],
  [
    { last: 2, daily: 7, weekly: 4, monthly: 12, withinMs: 3 * DAY_MS },
    [
      '--keep-last',
      '2',
      '--keep-daily',
      '7',
      '--keep-weekly',
      '4',
      '--keep-monthly',
      '12',
      '--keep-within',
      '3d',
    ],
  ],
];

it(`Debian's restic keeps the same of ${HISTORIES} random histories, by each of ${RETENTIONS.length} retentions`, async () => {
  const sample = await sampleRepository();
  const histories = await saveHistories(sample);
  for (const [retention, options] of RETENTIONS) {
    const theirs = await keptByRestic(sample, options);
    const ours = new Map(
      [...histories].map(([host, all]) => [host, [...keepRules(all, retention).keys()].sort()]),
    );
    expect(ours, options.join(' ')).toEqual(theirs);
  }
});

/** Of each host a history: every few hours, days or months, with gaps, in time zones that change. */
async function saveHistories({
  repository,
}: SampleRepository): Promise<ReadonlyMap<string, DatedSnapshot[]>> {
  const random = seeded(20261122);
  return withSession(repository, { lock: 'shared' }, async ({ writer, saveSnapshot }) => {
    const tree = await saveTree(writer, []);
    const histories = new Map<string, DatedSnapshot[]>();
    for (let index = 0; index < HISTORIES; index++) {
      const hostname = `h${index}`;
      const step = [3_600_000, DAY_MS, 9 * DAY_MS, 40 * DAY_MS][index % 4] ?? DAY_MS;
      const history: DatedSnapshot[] = [];
      let time = Date.UTC(2019, 0, 1) + Math.floor(random() * 2000 * DAY_MS);
      for (let made = 0; made < 1 + Math.floor(random() * 40); made++) {
        time += 1000 + Math.floor(random() * 2 * step);
        const offsetMinutes = [0, 60, 120, -300, 345][Math.floor(random() * 5)] ?? 0;
        const facts = { hostname, time: formatTime(time, offsetMinutes) };
        const { id } = await saveSnapshot(snapshotFacts(tree.id, facts));
        history.push({ id, time, offsetMinutes });
      }
      histories.set(hostname, history);
    }
    return histories;
  });
}

async function keptByRestic(
  sample: SampleRepository,
  options: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const text = await resticOk(sample, 'forget', '--dry-run', '--json', '--group-by', 'host', ...options);
  const groups: readonly { host: string; keep: readonly { id: string }[] | null }[] = JSON.parse(
    text.slice(text.indexOf('[')),
  );
  return new Map(groups.map(({ host, keep }) => [host, (keep ?? []).map(({ id }) => id).sort()]));
}

function formatTime(time: number, offsetMinutes: number): string {
  const sign = offsetMinutes < 0 ? '-' : '+';
  const minutes = Math.abs(offsetMinutes);
  const two = (value: number) => String(value).padStart(2, '0');
  const offset = `${sign}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
  return new Date(time + offsetMinutes * 60_000).toISOString().replace('Z', offset);
}

/** mulberry32 */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
