import type { RestoreGroup, RestoreSelect } from '../config/site.ts';
import type { GuestContents } from '../pve/guest-contents.ts';
import type { GuestSnapshot } from './facts.ts';
import { newestOf } from './judge-freshness.ts';
import type { SelectedBy } from './plan.ts';

/**
 * What a group selects from: of each vmid of the host the newest snapshot, from before its moment where it states one, whichever
 * guest had the vmid by then. By vmid.
 */
export function groupCandidates(
  { select, before = Number.POSITIVE_INFINITY }: Pick<RestoreGroup, 'select' | 'before'>,
  snapshots: readonly GuestSnapshot[],
): readonly GuestSnapshot[] {
  const ofHost = snapshots.filter(({ hostId, time }) => hostId === select.fromHostId && time < before);
  const since = (newestOf(ofHost)?.time ?? 0) - (select.withinMs ?? Number.POSITIVE_INFINITY);
  return [...Map.groupBy(ofHost, ({ guest }) => guest.vmid).values()]
    .flatMap((ofVmid) => newestOf(ofVmid) ?? [])
    .filter(({ time }) => time >= since)
    .toSorted((a, b) => a.guest.vmid - b.guest.vmid);
}

/** Whether what is known of a guest can tell that it is selected. */
export function needsContents({ node, pool, tags }: RestoreSelect): boolean {
  return node !== undefined || pool !== undefined || tags.length > 0;
}

/** Why a guest is selected; undefined when it is not. */
export function selectedBy(
  select: RestoreSelect,
  guest: Pick<GuestContents, 'node' | 'pool' | 'tags'>,
): SelectedBy | undefined {
  const { fromHostId: host, node, pool } = select;
  const tags = select.tags.filter((tag) => guest.tags.includes(tag));
  if (node !== undefined && node !== guest.node) return undefined;
  if (pool !== undefined && pool !== guest.pool) return undefined;
  if (select.tags.length > 0 && tags.length === 0) return undefined;
  return {
    host,
    ...(node !== undefined && { node }),
    ...(pool !== undefined && { pool }),
    ...(tags.length > 0 && { tags }),
  };
}
