import type { GuestSnapshot } from '../facts.ts';
import type { AdoptAction } from '../lines/adopt-action.ts';
import { guestLabel } from '../reached-hosts.ts';
import type { SelectedGuest } from '../select-guests.ts';
import type { ForgetAction, HeldForget, KeptSnapshot } from './forget-plan.ts';
import { type FormerWish, formerWishes, type LineHistory, type PolicyChange } from './former-wishes.ts';
import { judgeLine, type Protection } from './judge-line.ts';
import { growthLimit } from './suspicious-growth.ts';

/** Stands for the backup that this run makes; no id of a snapshot. */
const EXPECTED = 'expected';

export interface LineFacts extends Pick<LineHistory, 'retentions' | 'snapshots'> {
  readonly repository: string;
  readonly protection: Protection;
  /** What this plan joins to the line. */
  readonly joins: readonly AdoptAction[];
  readonly expectedAt: number | undefined;
  /** Undefined: changes of policies have none. */
  readonly grace: { readonly now: number; readonly graceMs: number } | undefined;
}

/** What becomes of a guest's snapshots; absent: nothing. */
export interface GuestForget {
  readonly forget?: ForgetAction;
  readonly held?: HeldForget;
}

/** What policies of a guest no longer want goes, but for what they wanted until a short while ago. */
export function forgetOf(
  { host, guest, policies: all }: SelectedGuest,
  { repository, protection, snapshots, joins, expectedAt, retentions, grace }: LineFacts,
): GuestForget {
  const policies = all.filter((policy) => policy.repository === repository);
  if (policies.length === 0) return {};
  const offsetMinutes = snapshots.at(-1)?.offsetMinutes ?? 0;
  const expected = expectedAt === undefined ? undefined : { id: EXPECTED, time: expectedAt, offsetMinutes };
  const { forget, keep } = judgeLine(snapshots, policies, { protection, expected });
  const wishes =
    grace === undefined || forget.length === 0
      ? []
      : formerWishes({ policies, snapshots, expected, retentions }, grace);
  const inGrace = forget.flatMap((snapshot) => graceOf(snapshot, wishes));
  const going = forget.filter(({ id }) => !inGrace.some(({ snapshot }) => snapshot.id === id));
  const mostNewBytes = expected && growthLimit(snapshots);
  const about = {
    repository,
    host: host.entry.name,
    guest: guestLabel(guest),
    policies: policies.map(({ name }) => name),
    afterBackup: expected !== undefined,
    ...(joins.length > 0 && { adopts: joins.map(({ from }) => from.line) }),
    ...(mostNewBytes !== undefined && { mostNewBytes }),
  };
  const staying = [...keep, ...inGrace].toSorted((a, b) => a.snapshot.time - b.snapshot.time);
  return {
    ...(going.length > 0 && { forget: { kind: 'forget', ...about, forget: going, keep: staying } }),
    ...(inGrace.length > 0 && {
      held: {
        ...about,
        forget: inGrace.map(({ snapshot }) => snapshot),
        keep,
        reason: { kind: 'policy-change', changes: changesOf(inGrace, wishes) },
      },
    }),
  };
}

/** What stays because policies that have changed wanted it, with their graces. */
function graceOf(snapshot: GuestSnapshot, wishes: readonly FormerWish[]): readonly KeptSnapshot[] {
  const by = wishes.flatMap(({ wanted, change: { policy, until } }) =>
    wanted.has(snapshot.id) ? [{ kind: 'policy-change', policy, until } as const] : [],
  );
  return by.length === 0 ? [] : [{ snapshot, by }];
}

function changesOf(inGrace: readonly KeptSnapshot[], wishes: readonly FormerWish[]): readonly PolicyChange[] {
  const ids = inGrace.map(({ snapshot }) => snapshot.id);
  return wishes.filter(({ wanted }) => ids.some((id) => wanted.has(id))).map(({ change }) => change);
}
