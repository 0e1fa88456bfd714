import type { RestoreIntent, Site } from '../config/site.ts';
import { formatGuestRef } from '../pve/guest.ts';
import type { AwaitedBackup } from './plan.ts';
import type { BackupPlan } from './plan-backups.ts';

/**
 * The backup that will be the first snapshot an intent can take: one that is due, of that guest, through that host, into
 * that repository. Only `latest` waits; digits of a snapshot that is not there are wrong, and a past
 * that has none gets none.
 */
export function findAwaitedBackup(
  intent: RestoreIntent,
  { backups, blocked, waiting }: Pick<BackupPlan, 'backups' | 'blocked' | 'waiting'>,
  hosts: Site['hosts'],
): AwaitedBackup | undefined {
  if (intent.snapshot !== 'latest' || intent.before !== undefined) return undefined;
  const candidates = [
    ...backups.map((action) => ({ action, state: 'planned' as const })),
    ...waiting.map((action) => ({ action, state: 'waiting' as const })),
    ...blocked.map((action) => ({ action, state: 'blocked' as const })),
  ];
  const found = candidates.find(
    ({ action }) =>
      action.repository === intent.repository &&
      hosts.get(action.host)?.id === intent.fromHostId &&
      formatGuestRef(action.guest.ref) === formatGuestRef(intent.guest),
  );
  return found && { guest: found.action.guest, state: found.state };
}
