import type { Site } from '../config/site.ts';
import type { Facts } from './facts.ts';
import { CLOCK_TOLERANCE_MS } from './judge-freshness.ts';
import { reachedHosts } from './reached-hosts.ts';

export interface ClockComparison {
  /** Whether this machine's clock is right, as far as can be told: some host agrees with it, or none tells. */
  readonly trusted: boolean;
  /** Hosts whose clocks differ from this machine's; negative: behind it. */
  readonly differing: readonly { readonly host: string; readonly aheadMs: number }[];
}

/** A host entry for this machine itself is no witness: it has the same clock. */
export function compareClocks(site: Pick<Site, 'hosts'>, facts: Facts): ClockComparison {
  const witnesses = reachedHosts(site, facts).flatMap(({ entry, inventory: { clockAheadMs } }) =>
    entry.access.kind === 'local' || clockAheadMs === undefined
      ? []
      : [{ host: entry.name, aheadMs: clockAheadMs }],
  );
  const differing = witnesses.filter(({ aheadMs }) => Math.abs(aheadMs) > CLOCK_TOLERANCE_MS);
  return { trusted: witnesses.length === 0 || differing.length < witnesses.length, differing };
}
