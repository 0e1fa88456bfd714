import type { PruneReport } from '../../repository/prune/prune-repository.ts';
import { count, formatBytes } from './quantities.ts';

/** `1.2 GiB freed, 40 GiB stay, of which 1 GiB unused; 12 packs removed, 3 repacked` */
export function pruneReportText(report: PruneReport): string {
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
