import { asList } from './as-list.ts';
import { buildBandwidth } from './build-bandwidth.ts';
import { parseDuration } from './parse-duration.ts';
import { promised } from './promised.ts';
import type { RawVzdump } from './raw-site.ts';
import type { VzdumpOptions } from './site.ts';

/** `vzdump` of a host. */
export function buildVzdump(raw: RawVzdump): VzdumpOptions {
  const fleecing = buildFleecing(raw.fleecing);
  return {
    ...(raw.bwlimit === undefined ? {} : { bwlimitKiB: buildBandwidth(raw.bwlimit) }),
    ...(raw.ionice === undefined ? {} : { ionice: raw.ionice }),
    ...(fleecing === undefined ? {} : { fleecing }),
    ...(raw.performance === undefined ? {} : { performance: buildPerformance(raw.performance) }),
    excludePath: asList(raw['exclude-path']),
    ...(raw.pigz === undefined ? {} : { pigzThreads: raw.pigz }),
    ...(raw.zstd === undefined ? {} : { zstdThreads: raw.zstd }),
    ...(raw['notification-mode'] === undefined ? {} : { notificationMode: raw['notification-mode'] }),
    lockwaitMinutes: toMinutes(raw.lockwait ?? '10m'),
    ...(raw.stopwait === undefined ? {} : { stopwaitMinutes: toMinutes(raw.stopwait) }),
  };
}

function buildFleecing(raw: RawVzdump['fleecing']): VzdumpOptions['fleecing'] {
  if (raw === undefined || raw === false) return undefined;
  return raw === true ? {} : { storage: raw };
}

function buildPerformance(raw: NonNullable<RawVzdump['performance']>): VzdumpOptions['performance'] & {} {
  const { 'max-workers': maxWorkers, 'pbs-entries-max': pbsEntriesMax } = raw;
  return {
    ...(maxWorkers === undefined ? {} : { maxWorkers }),
    ...(pbsEntriesMax === undefined ? {} : { pbsEntriesMax }),
  };
}

/** vzdump counts in whole minutes; a part of one is one. */
function toMinutes(duration: string): number {
  return Math.ceil(promised(parseDuration(duration), 'duration') / 60_000);
}
