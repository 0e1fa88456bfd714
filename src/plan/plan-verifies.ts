import type { BackupPolicy, Site } from '../config/site.ts';
import { formatGuestRef } from '../pve/guest.ts';
import type { LineId } from '../pve/inventory.ts';
import { dueAgeMs } from './due-age.ts';
import { estimateBackup } from './estimate-backup.ts';
import type { Facts, GuestSnapshot, ProvedBackup, RepositoryFacts } from './facts.ts';
import { isNamed, newestOf } from './judge-freshness.ts';
import type { BackupAction, VerifyAction, VerifyReason } from './plan.ts';
import { guestLabel } from './reached-hosts.ts';
import type { SelectedGuest } from './select-guests.ts';

/**
 * Whose newest backup is read and proved again: where the last proof of one that was the newest then would be too old before the
 * next run has finished. It goes by proofs that read all data; structure alone proves no content. A backup that this plan
 * makes is the newest then.
 */
export function planVerifies(
  site: Site,
  facts: Facts,
  {
    selected,
    backups,
  }: { readonly selected: readonly SelectedGuest[]; readonly backups: readonly BackupAction[] },
): readonly VerifyAction[] {
  const made = new Set(backups.map(({ repository, identity }) => `${repository} ${identity.line}`));
  return [...facts.repositories].flatMap(([repository, held]) => {
    const lines = Map.groupBy(held.snapshots, ({ line }) => line);
    const lineOf = new Map(held.snapshots.map(({ id, line }) => [id, line]));
    return selected.flatMap((one) => {
      const { line } = one.guest.identity;
      return verifyOf(one, {
        repository,
        held,
        line,
        lineOf,
        snapshots: lines.get(line) ?? [],
        isMade: made.has(`${repository} ${line}`),
        now: facts.now,
        cadenceMs: site.cadenceMs,
      });
    });
  });
}

interface LineFacts {
  readonly repository: string;
  readonly held: RepositoryFacts;
  readonly line: LineId;
  /** Of each snapshot that there is, by its id: a vmid may have been another machine's. */
  readonly lineOf: ReadonlyMap<string, LineId | undefined>;
  readonly snapshots: readonly GuestSnapshot[];
  /** Whether this plan makes a newer one. */
  readonly isMade: boolean;
  readonly now: number;
  readonly cadenceMs: number;
}

function verifyOf({ host, guest, policies }: SelectedGuest, facts: LineFacts): readonly VerifyAction[] {
  const { repository, held, snapshots, isMade, now, cadenceMs } = facts;
  const asking = policies.filter(
    (policy) => policy.repository === repository && policy.verifyWithinMs !== undefined,
  );
  if (asking.length === 0) return [];
  const newest = newestOf(snapshots.filter((one) => !isNamed(one, held.damaged)));
  const reason = reasonOf(asking, lastProof(facts, host.entry.id, formatGuestRef(guest.ref)), {
    now,
    cadenceMs,
  });
  if (reason === undefined || (newest === undefined && !isMade)) return [];
  const { readBytes } = estimateBackup(guest, snapshots);
  return [
    {
      kind: 'verify',
      host: host.entry.name,
      guest: guestLabel(guest),
      repository,
      policies: asking.map(({ name }) => name),
      ...(!isMade && newest !== undefined && { snapshot: newest }),
      reason,
      ...(readBytes !== undefined && { readBytes }),
    },
  ];
}

function reasonOf(
  asking: readonly BackupPolicy[],
  provedAt: number | undefined,
  { now, cadenceMs }: { readonly now: number; readonly cadenceMs: number },
): VerifyReason | undefined {
  const withinMs = Math.min(...asking.flatMap(({ verifyWithinMs }) => verifyWithinMs ?? []));
  if (!Number.isFinite(withinMs)) return undefined;
  if (provedAt === undefined) return { kind: 'never-verified' };
  const agoMs = Math.max(0, now - provedAt);
  return agoMs > dueAgeMs({ rpoMs: withinMs, cadenceMs, durationMs: 0 })
    ? { kind: 'verified-long-ago', agoMs, withinMs }
    : undefined;
}

/** When a backup of the line was proved last that was the newest good one then, also one that is forgotten by now. */
function lastProof(
  { held, snapshots, line, lineOf }: LineFacts,
  hostId: string,
  guest: string,
): number | undefined {
  const names = new Set([
    `${hostId} /${guest}`,
    ...snapshots.map((snapshot) => `${snapshot.hostId} /${formatGuestRef(snapshot.guest)}`),
  ]);
  const good = snapshots.filter((one) => !isNamed(one, held.damaged));
  const times = [...names]
    .flatMap((name) => held.proved?.get(name) ?? [])
    .filter((proof) => (lineOf.get(proof.id) ?? line) === line && wasNewest(proof, good))
    .map(({ provedAt }) => provedAt);
  const { id = '', original = id } = newestOf(good) ?? {};
  const own = held.readWhole?.get(id) ?? held.readWhole?.get(original) ?? [];
  const all = [own, times].flat();
  return all.length === 0 ? undefined : Math.max(...all);
}

function wasNewest({ madeAt, provedAt }: ProvedBackup, snapshots: readonly GuestSnapshot[]): boolean {
  return !snapshots.some(({ time }) => time > madeAt && time <= provedAt);
}
