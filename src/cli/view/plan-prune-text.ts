import type { Plan } from '../../plan/plan.ts';
import { formatDuration } from './quantities.ts';
import type { Row } from './text-layout.ts';

/** Which repositories are looked through, why, and what goes. */
export function pruneRows({ prunes }: Plan): readonly Row[] {
  return prunes.map(({ repository, agoMs, everyMs, mostUnusedShare }) => ({
    glyph: '-',
    cells: [
      repository,
      agoMs === undefined ? 'never pruned' : `pruned ${formatDuration(agoMs)} ago`,
      `wanted every ${formatDuration(everyMs)}; what no snapshot needs goes, but for ${percentText(mostUnusedShare)} of it all`,
    ],
  }));
}

function percentText(share: number): string {
  return `${Math.round(1000 * share) / 10}%`;
}
