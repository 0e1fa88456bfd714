import type { Site } from '../../config/site.ts';
import { type ClockComparison, compareClocks } from '../compare-clocks.ts';
import type { Facts, RepositoryFacts } from '../facts.ts';
import { CLOCK_TOLERANCE_MS } from '../judge-freshness.ts';
import type { AdoptAction } from '../lines/adopt-action.ts';
import type { FoundOrphan } from '../lines/find-orphans.ts';
import { forgetOrphan } from '../lines/forget-orphan.ts';
import { namesGuest } from '../names-guest.ts';
import type { BackupAction, RestoreAction, SuspiciousGuest } from '../plan.ts';
import type { PlanProblem } from '../plan-problem.ts';
import { guestLabel } from '../reached-hosts.ts';
import type { SelectedGuest } from '../select-guests.ts';
import { brakeForgets } from './brake-forgets.ts';
import { forgetOf, type GuestForget } from './forget-of-guest.ts';
import type { ForgetAction, HeldForget } from './forget-plan.ts';
import { suspiciousGrowth } from './suspicious-growth.ts';

export interface ForgetPlan {
  readonly forgets: readonly ForgetAction[];
  readonly held: readonly HeldForget[];
  readonly suspicious: readonly SuspiciousGuest[];
  readonly problems: readonly PlanProblem[];
}

/**
 * Which snapshots go: of the selected guests those that no policy wants, and orphans whose time is over. Of a guest that is
 * there and that no policy selects any longer nothing is forgotten. Where a snapshot claims a time after now, or no host's
 * clock agrees with this machine's, that cannot be trusted with any of them; nor can a repository of which files cannot be read.
 * @param backups of this plan: what they add counts, so that planning again after them finds nothing more to forget
 */
export function planForget(
  facts: Facts,
  {
    selected,
    orphans = [],
    adopts = [],
    restores = [],
    backups,
    site,
    released = [],
  }: {
    readonly selected: readonly SelectedGuest[];
    readonly orphans?: readonly FoundOrphan[];
    readonly adopts?: readonly AdoptAction[];
    readonly restores?: readonly RestoreAction[];
    readonly backups: readonly BackupAction[];
    readonly site: Pick<Site, 'backups' | 'guards' | 'hosts'>;
    /** Guests whose snapshots no brake for numbers holds: `qemu/101`, or `all`. */
    readonly released?: readonly string[];
  },
): ForgetPlan {
  const due = new Set(backups.map(({ repository, identity }) => `${repository} ${identity.line}`));
  const joins = Map.groupBy(adopts, ({ repository, line }) => `${repository} ${line}`);
  const restoring = new Set(restores.map(({ snapshot }) => snapshot.id));
  const clocks = compareClocks(site, facts);
  const graceMs = site.guards?.policyChangeGraceMs;
  const verdicts = [...facts.repositories].flatMap(([repository, held]) => {
    if (!clocks.trusted || isAhead(held, facts.now) || isUnread(held)) return [];
    const lines = Map.groupBy(held.snapshots, ({ line }) => line);
    return [
      ...selected.map((one) =>
        forgetOf(one, {
          repository,
          protection: { pinned: held.pinned, damaged: held.damaged, restoring },
          snapshots: lines.get(one.guest.identity.line) ?? [],
          joins: joins.get(`${repository} ${one.guest.identity.line}`) ?? [],
          expectedAt: due.has(`${repository} ${one.guest.identity.line}`) ? facts.now : undefined,
          retentions: held.retentions ?? new Map(),
          grace:
            graceMs === undefined || namesGuest(released, one.guest.ref)
              ? undefined
              : { now: facts.now, graceMs },
        }),
      ),
      ...orphans
        .filter(({ orphan }) => orphan.repository === repository)
        .flatMap((one) => forgetOrphan(one, { now: facts.now, pinned: held.pinned }))
        .map((forget): GuestForget => ({ forget })),
    ];
  });
  const forgets = verdicts.flatMap(({ forget }) => forget ?? []);
  const suspicious = [...findSuspicious(facts, selected), ...suspiciousOrphans(facts, forgets)];
  const forgetMax = site.guards?.forgetMax;
  const unasked = unaskedPolicies(site, facts);
  const braked = brakeForgets(forgets, { ...facts, forgetMax, suspicious, unasked, released });
  const held = [...braked.held, ...verdicts.flatMap(({ held: inGrace }) => inGrace ?? [])];
  const problems = [...unreadProblems(facts), ...clockProblems(facts, clocks, { selected, orphans })];
  return { forgets: braked.forgets, held, suspicious, problems };
}

/** They may select guests through the host entry that could not be asked, and want their backups kept. */
function unaskedPolicies({ backups }: Pick<Site, 'backups'>, { hosts }: Facts): ReadonlySet<string> {
  const isSilent = (host: string) => hosts.get(host)?.kind !== 'reached';
  return new Set(backups.filter((policy) => policy.hosts.some(isSilent)).map(({ name }) => name));
}

/** Whether or not anything of theirs would be forgotten. */
function findSuspicious(facts: Facts, selected: readonly SelectedGuest[]): readonly SuspiciousGuest[] {
  return [...facts.repositories].flatMap(([repository, { snapshots, acknowledged }]) => {
    const lines = Map.groupBy(snapshots, ({ line }) => line);
    return selected.flatMap(({ host, guest, policies }) => {
      const names = policies.flatMap((policy) => (policy.repository === repository ? policy.name : []));
      const growth = suspiciousGrowth(lines.get(guest.identity.line) ?? [], acknowledged);
      if (growth === undefined || names.length === 0) return [];
      return [{ ...growth, host: host.entry.name, guest: guestLabel(guest), repository, policies: names }];
    });
  });
}

/** Of those that would go now. */
function suspiciousOrphans(
  { repositories }: Facts,
  forgets: readonly ForgetAction[],
): readonly SuspiciousGuest[] {
  return forgets.flatMap(({ orphan, repository, host, guest, forget, keep }) => {
    if (orphan === undefined) return [];
    const acknowledged = repositories.get(repository)?.acknowledged ?? new Set();
    const growth = suspiciousGrowth([...forget, ...keep.map(({ snapshot }) => snapshot)], acknowledged);
    return growth === undefined ? [] : [{ ...growth, host, guest, repository, policies: [] }];
  });
}

function isAhead({ snapshots }: RepositoryFacts, now: number): boolean {
  return snapshots.some(({ time }) => time > now + CLOCK_TOLERANCE_MS);
}

/** A pin may be among what cannot be read, or a snapshot that others are kept beside. */
function isUnread({ unread = [] }: RepositoryFacts): boolean {
  return unread.length > 0;
}

function unreadProblems({ repositories }: Facts): readonly PlanProblem[] {
  return [...repositories].flatMap(([repository, { unread = [] }]): readonly PlanProblem[] =>
    unread.length === 0 ? [] : [{ kind: 'repository-unread', repository, unread }],
  );
}

/** Only where something could be forgotten at all. */
function clockProblems(
  facts: Facts,
  { trusted, differing }: ClockComparison,
  {
    selected,
    orphans,
  }: { readonly selected: readonly SelectedGuest[]; readonly orphans: readonly FoundOrphan[] },
): readonly PlanProblem[] {
  const forgetting = new Set([
    ...selected.flatMap(({ policies }) =>
      policies.flatMap(({ repository, retention }) => (retention === undefined ? [] : repository)),
    ),
    ...orphans.flatMap(({ orphan }) => (orphan.keptUntil === undefined ? [] : orphan.repository)),
  ]);
  if (forgetting.size === 0) return [];
  if (!trusted) return differing.map((one) => ({ kind: 'forget-clock-differs', ...one }));
  return [...facts.repositories].flatMap(([repository, held]): readonly PlanProblem[] => {
    if (!forgetting.has(repository) || !isAhead(held, facts.now)) return [];
    const newest = Math.max(...held.snapshots.map(({ time }) => time));
    return [{ kind: 'forget-clock-behind', repository, aheadMs: newest - facts.now }];
  });
}
