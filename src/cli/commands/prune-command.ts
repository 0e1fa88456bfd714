import {
  type PruneProgress,
  type PruneReport,
  pruneRepository,
} from '../../repository/prune/prune-repository.ts';
import { UserError } from '../../user-error.ts';
import { EXIT_STATUS } from '../exit-status.ts';
import { openChoice, type RepositoryChoice } from '../repository-choice.ts';
import type { Surroundings } from '../surroundings.ts';
import { count, formatBytes } from '../view/quantities.ts';

export interface PruneCommandOptions extends RepositoryChoice {
  /** `5%` */
  readonly maxUnused: string;
  readonly json: boolean;
}

/** Frees what no snapshot refers to, in each repository of the site or in the one that is given. */
export async function pruneCommand(
  options: PruneCommandOptions,
  surroundings: Surroundings,
): Promise<number> {
  const mostUnusedShare = parseShare(options.maxUnused);
  const { repositories } = await openChoice(options, surroundings);
  const { stdout, stderr, signal } = surroundings;
  for (const [name, repository] of repositories) {
    const onProgress = stderr.isTTY ? progressLine(stderr) : undefined;
    const report = await pruneRepository(repository, {
      mostUnusedShare,
      signal,
      ...(onProgress !== undefined && { onProgress }),
    });
    stdout.write(
      options.json
        ? `${JSON.stringify({ repository: name, ...report })}\n`
        : `${name}: ${reportText(report)}\n`,
    );
  }
  return EXIT_STATUS.done;
}

function parseShare(text: string): number {
  const [, percent] = /^(\d{1,3}(?:\.\d+)?)%$/.exec(text) ?? [];
  if (percent === undefined || Number(percent) > 100)
    throw new UserError('usage', `--max-unused ${text}: that is no share`, {
      hint: 'write 5%, or 0% for none',
    });
  return Number(percent) / 100;
}

function reportText(report: PruneReport): string {
  const { bytesBefore, bytesAfter, removedPacks, repackedPacks, strayPacks, unusedBytesLeft } = report;
  const { brokenOffBytes } = report;
  const done = [
    ...(removedPacks + strayPacks > 0 ? [`${count(removedPacks + strayPacks, 'pack')} removed`] : []),
    ...(repackedPacks > 0 ? [`${repackedPacks} repacked`] : []),
    ...(brokenOffBytes > 0
      ? [`${formatBytes(brokenOffBytes)} of files removed that were never finished`]
      : []),
  ];
  const left = unusedBytesLeft > 0 ? `, of which ${formatBytes(unusedBytesLeft)} unused` : '';
  const freed = `${formatBytes(bytesBefore - bytesAfter)} freed, ${formatBytes(bytesAfter)} stay${left}`;
  return done.length === 0
    ? `nothing to free; ${formatBytes(bytesAfter)} stay${left}`
    : `${freed}; ${done.join(', ')}`;
}

const WORDS: Readonly<Record<PruneProgress['phase'], string>> = {
  finding: 'snapshots looked into',
  repacking: 'packs written anew',
  removing: 'packs removed',
};

/** One line that is written over and over, and gone at the end. */
function progressLine(stderr: NodeJS.WriteStream): (progress: PruneProgress) => void {
  return ({ phase, done, total }) => {
    const isLast = done === total;
    stderr.write(`\r\u001b[K${isLast ? '' : `${done} of ${total} ${WORDS[phase]}`}`);
  };
}
