import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { folderBackend } from '../../../src/repository/folder-backend.ts';
import { addKey } from '../../../src/repository/key-ring.ts';
import { repairIndex } from '../../../src/repository/repair-index.ts';
import { openRepository } from '../../../src/repository/repository.ts';
import { UserError } from '../../../src/user-error.ts';
import type { VerifyReport } from '../../../src/verify/verify-report.ts';
import { DumpedFiles, PASSWORD } from '../../apply/dumped-file.ts';
import { QUICK_COST } from '../../repository/sample-repository.ts';
import { keepGuests, verified, wholeOnes } from '../../verify/verified-repository.ts';
import type { Draws } from '../draws.ts';
import type { FaultPart, Made } from '../fault-part.ts';
import { resticOf } from '../restic-judge.ts';
import { filesOf, type Harm, harmOne } from './damaged-copy.ts';
import { readWhole } from './read-snapshot-whole.ts';

/** restic's own verdict is asked for in so many of the cases. */
const JUDGED_SHARE = 0.2;

/**
 * The disk misbehaves: one file of a repository is harmed. verify names it and no other one, calls those snapshots whole that can be
 * read whole, and no other one; nobody ever reads wrong bytes; the indexes can be made anew.
 */
export function damagePart({
  lanes,
  shortCases,
}: {
  readonly lanes: number;
  readonly shortCases: number;
}): FaultPart {
  return {
    name: 'damage',
    share: 2,
    shortCases,
    async prepare() {
      const dumped = await DumpedFiles.start();
      await keepGuests(dumped);
      await addKey(dumped.repository, {
        password: 'another',
        created: '2026-11-22T18:00:00Z',
        cost: QUICK_COST,
      });
      const folder = join(dumped.folder, 'repository');
      const ids = filesOf(folder, 'snapshots').map((file) => basename(file));
      const base = { dumped, folder, whole: await readWhole(folder, PASSWORD, ids) };
      return {
        lanes,
        run: (draws) => inCopy(base.folder, (copy) => harmed(copy, base, draws)),
        [Symbol.asyncDispose]: () => dumped[Symbol.asyncDispose](),
      };
    },
  };
}

interface Base {
  readonly dumped: DumpedFiles;
  readonly whole: ReadonlyMap<string, string | undefined>;
}

async function inCopy<T>(folder: string, work: (copy: string) => Promise<T>): Promise<T> {
  const place = await mkdtemp(join(tmpdir(), 'pvebak-harmed-'));
  try {
    await cp(folder, join(place, 'repository'), { recursive: true });
    return await work(join(place, 'repository'));
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

async function harmed(folder: string, { dumped, whole }: Base, draws: Draws): Promise<Made> {
  const harm = await harmOne(folder, dumped.repository, draws);
  const isJudged = draws.fraction() < JUDGED_SHARE;
  const made = { [`${harm.kind}: ${harm.how}`]: 1 };
  try {
    const shut = await whyShut(folder);
    if (shut !== undefined) checkShut(shut, harm);
    else await checkOpen(folder, harm, { whole, isJudged });
    return made;
  } catch (cause) {
    throw new Error(JSON.stringify(harm), { cause });
  }
}

async function whyShut(folder: string): Promise<UserError | undefined> {
  try {
    await openRepository(folderBackend(folder), PASSWORD);
    return undefined;
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
}

/** Only for the two files that everything hangs on: the one config, and the key of this password. */
function checkShut({ code, message }: UserError, { kind, file, how }: Harm): void {
  const isKeyGone = kind === 'keys' && how === 'gone' && code === 'wrong-password';
  const isNamed =
    ['repository-damaged', 'repository-read'].includes(code) && message.includes(basename(file));
  if (kind !== 'keys' && kind !== 'config') throw new Error(`it should open, and says: ${message}`);
  if (!isKeyGone && !isNamed) throw new Error(`it is shut by another reason: ${code}: ${message}`);
}

async function checkOpen(
  folder: string,
  harm: Harm,
  { whole, isJudged }: { readonly whole: Base['whole']; readonly isJudged: boolean },
): Promise<void> {
  const report = await verified(folder);
  checkNamed(report, harm);
  if (isJudged) await checkAgainstRestic(folder, report, harm);
  if (harm.kind !== 'index') await checkVerdicts(folder, report, whole);
  if (harm.kind === 'index' || isJudged) await checkRepaired(folder, harm, { report, whole });
}

/** Making the indexes anew loses nothing, and mends all that is wrong with indexes. */
async function checkRepaired(
  folder: string,
  { kind }: Harm,
  { report, whole }: { readonly report: VerifyReport; readonly whole: Base['whole'] },
): Promise<void> {
  const { signal } = new AbortController();
  await repairIndex(await openRepository(folderBackend(folder), PASSWORD), { signal });
  const repaired = await verified(folder);
  if (kind === 'index' && repaired.faults.length > 0)
    throw new Error(`repair index leaves ${JSON.stringify(repaired.faults)}`);
  if (kind === 'index') await checkVerdicts(folder, repaired, whole);
  const now = wholeOnes(repaired);
  for (const id of wholeOnes(report))
    if (!now.has(id)) throw new Error(`repair index has lost the snapshot ${id}`);
}

/** The harmed file is named, and no other one. */
function checkNamed({ faults }: VerifyReport, { kind, file, how }: Harm): void {
  const named = new Set(faults.map(({ fault }) => ('file' in fault ? fault.file : fault.kind)));
  const also = kind === 'index' ? ['unindexed'] : [];
  const strangers = [...named].filter((one) => one !== file && !also.includes(one));
  if (strangers.length > 0) throw new Error(`verify names ${strangers.join(', ')} as well`);
  if (how === 'doubled' || (kind === 'keys' && how === 'gone')) {
    if (named.size > 0) throw new Error(`verify finds fault with what is none: ${[...named].join(', ')}`);
  } else if (!named.has(how === 'gone' && kind === 'index' ? 'unindexed' : file))
    throw new Error('verify does not name it');
}

/** A snapshot is whole when, and only when, all of it can be read, and what is read is what was stored. */
async function checkVerdicts(folder: string, report: VerifyReport, whole: Base['whole']): Promise<void> {
  const judged = wholeOnes(report);
  for (const [id, digest] of await readWhole(folder, PASSWORD, [...whole.keys()])) {
    if (digest !== undefined && digest !== whole.get(id))
      throw new Error(`wrong bytes are read of the snapshot ${id}`);
    if (judged.has(id) !== (digest !== undefined))
      throw new Error(
        `verify calls the snapshot ${id} ${judged.has(id) ? 'whole' : 'damaged'}, and it is not`,
      );
  }
}

async function checkAgainstRestic(folder: string, { faults }: VerifyReport, { kind }: Harm): Promise<void> {
  const isSound = await resticOf(folder, PASSWORD)
    .check()
    .then(() => true)
    .catch(() => false);
  if (kind !== 'keys' && isSound !== (faults.length === 0))
    throw new Error(`restic finds ${isSound ? 'no fault' : 'fault'}, and verify ${faults.length} faults`);
}
