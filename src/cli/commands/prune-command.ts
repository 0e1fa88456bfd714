import { pruneWithRecords } from '../../records/prune-with-records.ts';
import type { PruneProgress } from '../../repository/prune/prune-repository.ts';
import { UserError } from '../../user-error.ts';
import { EXIT_STATUS } from '../exit-status.ts';
import { openChoice, type RepositoryChoice } from '../repository-choice.ts';
import type { Surroundings } from '../surroundings.ts';
import { pruneReportText } from '../view/prune-report-text.ts';

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
    const report = await pruneWithRecords(repository, {
      mostUnusedShare,
      signal,
      ...(onProgress !== undefined && { onProgress }),
    });
    stdout.write(
      options.json
        ? `${JSON.stringify({ repository: name, ...report })}\n`
        : `${name}: ${pruneReportText(report)}\n`,
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
