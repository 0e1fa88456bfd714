import type { RestoreEntry, RestoreGroup, RestoreIntent, Site } from '../config/site.ts';
import { formatGuestRef, type GuestRef, parseVmid } from '../pve/guest.ts';
import type { GuestContents } from '../pve/guest-contents.ts';
import type { Facts } from './facts.ts';
import { groupCandidates, needsContents, selectedBy } from './group-candidates.ts';
import { memberName } from './intent-names.ts';
import type { RestoreAction, SelectedBy } from './plan.ts';
import type { BackupPlan } from './plan-backups.ts';
import type { PlanNote } from './plan-note.ts';
import type { PlanProblem } from './plan-problem.ts';
import { guestWithVmid } from './saved/preconditions-of.ts';

/** A restore of one guest, by itself or as one of a group. */
export interface PlannedIntent extends RestoreIntent {
  readonly member?: RestoreAction['member'];
}

export interface ExpandedRestores {
  readonly intents: readonly PlannedIntent[];
  readonly problems: readonly PlanProblem[];
  readonly notes: readonly PlanNote[];
}

export interface ExpandingContext {
  readonly hosts: Site['hosts'];
  readonly facts: Facts;
  readonly backups: Pick<BackupPlan, 'backups' | 'blocked' | 'waiting'>;
}

/**
 * An entry as restores of one guest each. A group takes the guests that the repository knows, by what their newest
 * snapshots say of them, as the host they are from may be silent; and those whose first backup is still to come.
 */
export function expandRestores(entry: RestoreEntry, context: ExpandingContext): ExpandedRestores {
  return 'select' in entry ? expandGroup(entry, context) : { intents: [entry], problems: [], notes: [] };
}

/** A guest that a group may take, with what is known of it. */
interface Candidate {
  readonly guest: GuestRef;
  /** Undefined: nothing is known. */
  readonly said: Pick<GuestContents, 'node' | 'pool' | 'tags' | 'startOrder'> | undefined;
}

function expandGroup(group: RestoreGroup, context: ExpandingContext): ExpandedRestores {
  const candidates = candidatesOf(group, context);
  const silent = needsContents(group.select) ? candidates.filter(({ said }) => said === undefined) : [];
  const selected = candidates.flatMap((candidate) => {
    const by = selectedBy(group.select, candidate.said ?? { tags: [] });
    return by === undefined ? [] : [{ candidate, by }];
  });
  const copies = copiesAmong(
    group,
    selected.map(({ candidate }) => candidate),
    context,
  );
  const taken = selected
    .filter(({ candidate }) => !copies.includes(candidate))
    .map(({ candidate, by }) => memberOf(group, candidate, by));
  const intents = taken.flatMap((one) => ('intent' in one ? [one.intent] : [])).toSorted(byPlace);
  const problems = taken.flatMap((one) => ('problem' in one ? [one.problem] : []));
  return {
    intents,
    problems: [...problems, ...selectionProblems(group, { taken: taken.length, silent })],
    notes: [...copyNotes(group, copies), ...orderNotes(group, intents)],
  };
}

/**
 * Guests that are where copies of others go, on the same host: what this very group has made looks like its original, and would be
 * copied in turn, and so on.
 */
function copiesAmong(
  { select, to: { host, vmidOffset } }: RestoreGroup,
  selected: readonly Candidate[],
  { hosts }: ExpandingContext,
): readonly Candidate[] {
  if (vmidOffset === 0 || hosts.get(host)?.id !== select.fromHostId) return [];
  const vmids = new Set<number>(selected.map(({ guest }) => guest.vmid));
  return selected.filter(({ guest }) => vmids.has(guest.vmid - vmidOffset));
}

function copyNotes({ name }: RestoreGroup, copies: readonly Candidate[]): readonly PlanNote[] {
  const refs = copies.map(({ guest }) => guest);
  return refs.length === 0 ? [] : [{ kind: 'restore-copies-left', intent: name, refs }];
}

function candidatesOf(
  group: RestoreGroup,
  { facts, backups, hosts }: ExpandingContext,
): readonly Candidate[] {
  const held = facts.repositories.get(group.repository);
  const known = groupCandidates(group, held?.snapshots ?? []).map(
    ({ id, guest }): Candidate => ({ guest, said: held?.contents?.get(id) }),
  );
  if (group.before !== undefined) return known;
  const backedUp = new Set(
    (held?.snapshots ?? [])
      .filter(({ hostId }) => hostId === group.select.fromHostId)
      .map(({ guest }) => formatGuestRef(guest)),
  );
  const coming = [...backups.backups, ...backups.waiting, ...backups.blocked].filter(
    ({ repository, host, guest }) =>
      repository === group.repository &&
      hosts.get(host)?.id === group.select.fromHostId &&
      !backedUp.has(formatGuestRef(guest.ref)),
  );
  const first = coming.map(({ host, guest }): Candidate => {
    return { guest: guest.ref, said: guestWithVmid(facts, host, guest.ref.vmid) };
  });
  return [...known, ...first];
}

function memberOf(
  group: RestoreGroup,
  { guest, said }: Candidate,
  by: SelectedBy,
): { readonly intent: PlannedIntent } | { readonly problem: PlanProblem } {
  const { select, to, order, ...settings } = group;
  const { vmidOffset, ...place } = to;
  const name = memberName(group.name, formatGuestRef(guest));
  const vmid = parseVmid(guest.vmid + vmidOffset);
  if (vmid === undefined)
    return { problem: { kind: 'restore-vmid-impossible', intent: name, vmid: guest.vmid + vmidOffset } };
  const placed = placeOf(guest, said?.startOrder, order);
  return {
    intent: {
      ...settings,
      name,
      snapshot: 'latest',
      guest,
      fromHostId: select.fromHostId,
      to: { ...place, vmid },
      ...(order?.kind === 'rank' && { order: order.rank }),
      member: { of: group.name, by, ...(placed !== undefined && { place: placed }) },
    },
  };
}

function placeOf(
  guest: GuestRef,
  startOrder: number | undefined,
  order: RestoreGroup['order'],
): number | undefined {
  if (order?.kind === 'startup') return startOrder;
  if (order?.kind !== 'guests') return undefined;
  const place = order.guests.findIndex((one) => formatGuestRef(one) === formatGuestRef(guest));
  return place === -1 ? undefined : place;
}

/** Then by vmid, as they come. */
function byPlace({ member: a }: PlannedIntent, { member: b }: PlannedIntent): number {
  return (a?.place ?? Number.MAX_SAFE_INTEGER) - (b?.place ?? Number.MAX_SAFE_INTEGER);
}

function selectionProblems(
  { name, select }: RestoreGroup,
  { taken, silent }: { readonly taken: number; readonly silent: readonly Candidate[] },
): readonly PlanProblem[] {
  if (silent.length > 0)
    return [{ kind: 'restore-guests-unknown', intent: name, refs: silent.map(({ guest }) => guest) }];
  return taken > 0 ? [] : [{ kind: 'restore-selects-none', intent: name, from: select.fromHostId }];
}

/** Of guests that are to come first, those that are not selected: are they called so? */
function orderNotes({ name, order }: RestoreGroup, intents: readonly PlannedIntent[]): readonly PlanNote[] {
  if (order?.kind !== 'guests') return [];
  const taken = new Set(intents.map(({ guest }) => formatGuestRef(guest)));
  const refs = order.guests.filter((guest) => !taken.has(formatGuestRef(guest)));
  return refs.length === 0 ? [] : [{ kind: 'restore-order-absent', intent: name, refs }];
}
