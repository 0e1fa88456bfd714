import { chmodSync, chownSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Ended } from '../../cli/program.ts';
import { runProgram } from '../../lab/run-program.ts';
import { filesOf } from '../damage/damaged-copy.ts';
import type { Draws } from '../draws.ts';
import type { FaultPart, Made } from '../fault-part.ts';
import type { GuardedSite } from '../guarded-site.ts';
import { guardedSites } from '../guarded-sites.ts';
import { FACTS, STEPS } from '../kills/killed-run.ts';
import { SmallMount } from './small-mount.ts';

const NOBODY = 65534;

/**
 * The storage refuses: it is full, read-only, or does not let who runs pvebak read. Each time that is what is said, with the place and what is
 * free; nothing is lost, no half of anything hurts, and when the storage serves again the next run goes well.
 */
export function storagePart({
  lanes,
  shortCases,
}: {
  readonly lanes: number;
  readonly shortCases: number;
}): FaultPart {
  return {
    name: 'storage',
    share: 2,
    shortCases,
    async prepare(seed) {
      // Two of each guest, so that there is something to forget.
      const sites = await guardedSites(seed, { lanes, backups: 2 });
      return {
        lanes,
        run: (draws, lane) => sites.use(lane, (site) => refused(site, draws)),
        [Symbol.asyncDispose]: sites.stop,
      };
    },
  };
}

function refused(site: GuardedSite, draws: Draws): Promise<Made> {
  site.reset();
  site.change(draws);
  const kind = draws.fraction();
  if (kind < 0.6) return full(site, draws);
  return kind < 0.75 ? readOnly(site, draws) : denied(site, draws);
}

async function full(site: GuardedSite, draws: Draws): Promise<Made> {
  using mount = SmallMount.over(site.repository);
  const step = draws.pick(STEPS);
  const free = draws.below(FACTS[step].storedBytes);
  try {
    mount.leave(free);
    const before = site.known;
    const newest = step === 'forget' ? await site.newest() : new Set<string>();
    const ended = await site.place.pvebak(...FACTS[step].args);
    mount.makeRoom();
    await site.judge();
    site.expectKept(step === 'forget' ? newest : before);
    if (ended.status !== 0)
      expectSaid(
        ended,
        /cannot write \S*\/repository\/\S+: no space is left on the device \(ENOSPC\), \d+\.\d MiB are free/,
      );
    await site.backUpAgain();
    return { [ended.status === 0 ? 'disks that were large enough' : `full disk during ${step}`]: 1 };
  } catch (cause) {
    throw new Error(`full during ${step}, ${free} bytes free`, { cause });
  }
}

async function readOnly(site: GuardedSite, draws: Draws): Promise<Made> {
  using mount = SmallMount.over(site.repository);
  const step = draws.pick(STEPS);
  try {
    mount.makeReadOnly();
    await site.place.succeed('plan', 'site.yaml');
    const ended = await site.place.pvebak(...FACTS[step].args);
    expectSaid(ended, /cannot write \S*\/repository\/\S+: the file system is read-only \(EROFS\)/);
    mount.makeRoom();
    await site.backUpAgain();
    return { [`read-only during ${step}`]: 1 };
  } catch (cause) {
    throw new Error(`read-only during ${step}`, { cause });
  }
}

/** Somebody else runs pvebak: one file, or all, belong to root alone. */
async function denied(site: GuardedSite, draws: Draws): Promise<Made> {
  const kind = draws.pick(['config', 'keys', 'index', 'snapshots', 'data']);
  const files = filesOf(site.repository, kind);
  const file = files[draws.below(files.length)] ?? '';
  const { folder } = site.place;
  try {
    runProgram('chown', ['-R', `${NOBODY}:${NOBODY}`, folder]);
    chownSync(join(site.repository, file), 0, 0);
    chmodSync(join(site.repository, file), 0o600);
    const ended = await site.asSomebodyElse(
      NOBODY,
      'verify',
      '--repo',
      'repository',
      '--password-file',
      'password',
      '--read-data',
    );
    const isShut = kind === 'config' || kind === 'keys';
    expectSaid(ended, /permission denied \(EACCES\)/, isShut ? 1 : 7);
    expectSaid(ended, new RegExp(basename(file)), isShut ? 1 : 7);
    runProgram('chown', ['-R', '0:0', folder]);
    await site.judge();
    await site.backUpAgain();
    return { [`unreadable: ${kind}`]: 1 };
  } catch (cause) {
    throw new Error(`unreadable: ${file}`, { cause });
  } finally {
    runProgram('chown', ['-R', '0:0', folder]);
  }
}

/** @param status undefined for any but success */
function expectSaid({ status: ended, stdout, stderr }: Ended, sentence: RegExp, status?: number): void {
  const said = stdout + stderr;
  const isRight = status === undefined ? ended === 1 || ended === 3 : ended === status;
  if (!isRight || !sentence.test(said) || said.includes('this is a bug'))
    throw new Error(`it ended with ${ended}, and should have said ${sentence}:\n${said}`);
}
