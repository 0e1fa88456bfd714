import type { RestoreIntent } from '../config/site.ts';
import type { RestoreTarget } from './check-restore-target.ts';
import type { Facts, GuestSnapshot, RestoredTarget } from './facts.ts';

/**
 * What the guest that has the target's vmid was restored from, as far as any repository knows. Undefined also when another
 * machine has the vmid since, or it was given another uuid or hardware address.
 */
export function restoredFrom({ host, existing }: RestoreTarget, facts: Facts): RestoredTarget | undefined {
  if (existing === undefined) return undefined;
  const key = restoredKey(host.inventory.clusterFingerprint, existing.ref.vmid);
  const [newest] = [...facts.repositories.values()]
    .flatMap(({ restored }) => restored?.get(key) ?? [])
    .toSorted((a, b) => b.restoredAt - a.restoredAt);
  return newest?.line === existing.identity.line ? newest : undefined;
}

/** What restored guests are found by in the facts about a repository. */
export function restoredKey(clusterFingerprint: string, vmid: number): string {
  return `${clusterFingerprint} ${vmid}`;
}

/**
 * Whether that is what an intent wants.
 * @param snapshot what it means now; undefined when that is not there (any more)
 */
export function isAsWanted(
  from: RestoredTarget,
  { snapshot: wanted }: RestoreIntent,
  snapshot: GuestSnapshot | undefined,
): boolean {
  const names = [from.snapshot, ...(from.original === undefined ? [] : [from.original])];
  if (snapshot !== undefined) return names.some((name) => name === snapshot.id || name === snapshot.original);
  return wanted !== 'latest' && names.some((name) => name.startsWith(wanted.toLowerCase()));
}
