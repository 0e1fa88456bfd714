import type { Site } from '../../config/site.ts';
import type { Vmid } from '../../pve/guest.ts';
import type { Guest } from '../../pve/inventory.ts';
import type { Facts, GuestSnapshot } from '../facts.ts';
import { newestOf } from '../judge-freshness.ts';
import type { AdoptAction } from '../lines/adopt-action.ts';
import { hostsOf } from '../lines/find-orphans.ts';
import type { NodeConfigAction } from '../node-config-plan.ts';
import type { BackupAction, RestoreAction, VerifyAction } from '../plan.ts';
import type { PlannedAction } from '../planned-actions.ts';
import { restoredKey } from '../restored-from.ts';
import type { ForgetAction } from '../retention/forget-plan.ts';
import type { Precondition } from './precondition.ts';

/** The moment in which a plan is made. */
export interface PlanningMoment {
  readonly site: Site;
  readonly facts: Facts;
}

/** What must still be so when an action of a plan is carried out later; all of it is so now. */
export function preconditionsOf(action: PlannedAction, moment: PlanningMoment): readonly Precondition[] {
  switch (action.kind) {
    case 'adopt':
      return ofAdopt(action, moment);
    case 'backup':
      return ofBackup(action);
    case 'node-config':
      return [ofNodeConfig(action, moment)];
    case 'restore':
      return ofRestore(action, moment);
    case 'verify':
      return [ofVerify(action)];
    case 'forget':
      return ofForget(action, moment);
    case 'prune':
      return [{ kind: 'snapshots-there', repository: action.repository, ids: [] }];
  }
}

function ofAdopt(
  { repository, host, guest, line, from }: AdoptAction,
  { site }: PlanningMoment,
): readonly Precondition[] {
  const hosts = [...site.hosts.values()].filter(({ id }) => id === from.hostId);
  return [
    { kind: 'target-unchanged', host, guest, line },
    ...hosts.map(({ name }): Precondition => ({ kind: 'line-not-there', host: name, line: from.line })),
    { kind: 'line-not-adopted', repository, line: from.line },
  ];
}

function ofBackup({
  host,
  guest,
  identity,
  volumes,
  repository,
  newest,
}: BackupAction): readonly Precondition[] {
  const { line } = identity;
  return [
    { kind: 'guest-unchanged', host, guest, line, volumes },
    { kind: 'no-newer-backup', repository, line, ...(newest !== undefined && { newest: newest.time }) },
  ];
}

function ofNodeConfig(
  { repository, host, node }: NodeConfigAction,
  { site, facts }: PlanningMoment,
): Precondition {
  const newest = newestNodeConfig(facts, { repository, node, hostId: site.hosts.get(host)?.id });
  return {
    kind: 'no-newer-node-config',
    repository,
    host,
    node,
    ...(newest !== undefined && { newest }),
  };
}

function ofRestore(
  { repository, snapshot, to: { host, vmid }, replaces }: RestoreAction,
  { facts }: PlanningMoment,
): readonly Precondition[] {
  const source: Precondition = { kind: 'snapshots-there', repository, ids: [snapshot.id] };
  const target = replaces && guestWithVmid(facts, host, vmid);
  if (replaces === undefined || target === undefined) return [source, { kind: 'vmid-free', host, vmid }];
  const newest = newestRestore(facts, { repository, host, vmid });
  const { hostAccess: there = [], identity } = target;
  const brought = facts.repositories.get(repository)?.contents?.get(snapshot.id)?.hostAccess ?? [];
  const kept = brought.map(({ line }) => line).filter((line) => there.includes(line));
  return [
    source,
    {
      kind: 'target-unchanged',
      host,
      guest: replaces,
      line: identity.line,
      ...(kept.length > 0 && { hostAccess: kept }),
    },
    { kind: 'no-newer-restore', repository, host, vmid, ...(newest !== undefined && { newest }) },
  ];
}

/** The backup that the plan makes is there when its turn comes, or it is skipped. */
function ofVerify({ repository, snapshot }: VerifyAction): Precondition {
  return { kind: 'snapshots-there', repository, ids: snapshot === undefined ? [] : [snapshot.id] };
}

/**
 * What is known to be damaged already was counted as such. A backup that came since was not looked at: what is old may be the
 * last that is good.
 */
function ofForget(
  { repository, forget, keep, orphan }: ForgetAction,
  { site, facts }: PlanningMoment,
): readonly Precondition[] {
  const damaged = facts.repositories.get(repository)?.damaged ?? new Set();
  const going = forget.map(({ id }) => id);
  const staying = keep.map(({ snapshot }) => snapshot);
  const whole = staying.filter(
    ({ id, original }) => !damaged.has(id) && (original === undefined || !damaged.has(original)),
  );
  const hosts = orphan === undefined ? [] : hostsOf(site, [...forget, ...staying]);
  return [
    ...hosts.flatMap((host): readonly Precondition[] =>
      orphan === undefined ? [] : [{ kind: 'line-gone', host, line: orphan.line }],
    ),
    { kind: 'snapshots-there', repository, ids: [...going, ...staying.map(({ id }) => id)] },
    { kind: 'snapshots-unpinned', repository, ids: going },
    { kind: 'snapshots-undamaged', repository, ids: whole.map(({ id }) => id) },
    ...noNewerThan([...forget, ...staying], repository),
  ];
}

/** @param snapshots of one line */
function noNewerThan(snapshots: readonly GuestSnapshot[], repository: string): readonly Precondition[] {
  const newest = newestOf(snapshots);
  return newest?.line === undefined
    ? []
    : [{ kind: 'no-newer-backup', repository, line: newest.line, newest: newest.time }];
}

/** The time of the newest configuration of a node that is kept. */
export function newestNodeConfig(
  facts: Facts,
  wanted: { readonly repository: string; readonly node: string; readonly hostId: string | undefined },
): number | undefined {
  const held = facts.repositories.get(wanted.repository)?.nodeSnapshots ?? [];
  return held
    .filter(({ node, hostId }) => node === wanted.node && hostId === wanted.hostId)
    .reduce<number | undefined>((newest, { time }) => Math.max(newest ?? time, time), undefined);
}

/** When the guest of a vmid was restored last from a repository, milliseconds since 1970. */
export function newestRestore(
  facts: Facts,
  wanted: { readonly repository: string; readonly host: string; readonly vmid: Vmid },
): number | undefined {
  const found = facts.hosts.get(wanted.host);
  if (found?.kind !== 'reached') return undefined;
  const key = restoredKey(found.inventory.clusterFingerprint, wanted.vmid);
  return facts.repositories.get(wanted.repository)?.restored?.get(key)?.restoredAt;
}

/** Which guest has a vmid in a cluster, whatever its type. */
export function guestWithVmid(facts: Facts, host: string, vmid: Vmid): Guest | undefined {
  const found = facts.hosts.get(host);
  return found?.kind === 'reached' ? found.inventory.guests.find(({ ref }) => ref.vmid === vmid) : undefined;
}
