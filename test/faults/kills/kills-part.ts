import { cleanWithin } from '../../cli/node-mess.ts';
import type { Draws } from '../draws.ts';
import type { FaultPart, Made } from '../fault-part.ts';
import type { GuardedSite } from '../guarded-site.ts';
import { guardedSites } from '../guarded-sites.ts';
import { drawMoment, killRun, STEPS, type Step } from './killed-run.ts';

/** To notice that pvebak is gone, and to end vzdump. */
const ENDING_MS = 60_000;

/**
 * `kill -9` anywhere. A case is the life of a repository: several runs are killed, each on what the one before has left; after each,
 * restic finds no fault, no snapshot is gone but what was to be forgotten, and each new one is what was backed up. At the end a
 * backup goes well.
 * @param size.lanes nodes at once; `size.killsPerCase`
 */
export function killsPart(size: {
  readonly lanes: number;
  readonly killsPerCase: number;
  readonly backups: number;
}): FaultPart {
  return {
    name: 'kills',
    share: 5,
    shortCases: 1,
    async prepare(seed) {
      const sites = await guardedSites(seed, size);
      const run = (draws: Draws, lane: number) =>
        sites.use(lane, (site) => liveThroughKills(site, draws, size.killsPerCase));
      return { lanes: size.lanes, run, [Symbol.asyncDispose]: sites.stop };
    },
  };
}

async function liveThroughKills(site: GuardedSite, draws: Draws, kills: number): Promise<Made> {
  const made: Record<string, number> = {};
  site.reset();
  for (let number = 0; number < kills; number++) {
    const step = draws.pick(STEPS);
    const moment = drawMoment(step, draws);
    const told = `step ${number + 1}, ${step}, ${JSON.stringify(moment)}`;
    try {
      site.change(draws);
      const wasKilled = await struck(site, step, () => killRun(site, step, moment));
      const kind = wasKilled ? `kill -9 during ${step}` : 'runs that ended before the kill';
      made[kind] = (made[kind] ?? 0) + 1;
    } catch (cause) {
      throw new Error(told, { cause });
    }
  }
  site.change(draws);
  await site.backUpAgain();
  return made;
}

async function struck(site: GuardedSite, step: Step, strike: () => Promise<boolean>): Promise<boolean> {
  const before = step === 'prune' ? site.knownOfGuests : site.known;
  const newest = step === 'forget' ? await site.newest() : new Set<string>();
  const wasKilled = await strike();
  await site.judge();
  site.expectKept(step === 'forget' ? newest : before);
  await cleanWithin(site.node, ENDING_MS);
  return wasKilled;
}
