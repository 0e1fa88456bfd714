import type { ForgetMax } from '../../config/site.ts';
import type { RepositoryFacts } from '../facts.ts';
import { namesGuest } from '../names-guest.ts';
import type { SuspiciousGuest } from '../plan.ts';
import type { ForgetAction, HeldForget, HoldReason } from './forget-plan.ts';

export interface BrakedForgets {
  readonly forgets: readonly ForgetAction[];
  readonly held: readonly HeldForget[];
}

export interface Brakes {
  readonly repositories: ReadonlyMap<string, Pick<RepositoryFacts, 'snapshots'>>;
  /** Undefined: any number may go. */
  readonly forgetMax: ForgetMax | undefined;
  readonly suspicious: readonly SuspiciousGuest[];
  /** Names of policies of which a host could not be asked. */
  readonly unasked: ReadonlySet<string>;
  /** Guests whose snapshots may go all the same: `qemu/101`, or `all`. */
  readonly released: readonly string[];
}

/**
 * Holds what is too much. Whatever is allowed, the snapshots of a guest that grew in a suspicious way stay, for those before it
 * may be the last good ones, and those that a policy may want that could not be asked.
 */
export function brakeForgets(actions: readonly ForgetAction[], brakes: Brakes): BrakedForgets {
  const reasons = new Map<ForgetAction, HoldReason>();
  for (const [repository, group] of Map.groupBy(actions, (action) => action.repository)) {
    const tooMuch = findTooMuch(group, brakes.repositories.get(repository)?.snapshots.length ?? 0, brakes);
    for (const action of group) {
      const reason =
        alwaysHeld(action, brakes) ?? (namesGuest(brakes.released, action.guest.ref) ? undefined : tooMuch);
      if (reason !== undefined) reasons.set(action, reason);
    }
  }
  return {
    forgets: actions.filter((action) => !reasons.has(action)),
    held: actions.flatMap((action) => {
      const reason = reasons.get(action);
      const { kind: _, ...what } = action;
      return reason === undefined ? [] : [{ ...what, reason }];
    }),
  };
}

function alwaysHeld(action: ForgetAction, brakes: Brakes): HoldReason | undefined {
  if (isSuspicious(action, brakes)) return { kind: 'suspicious' };
  const { forget, keep, policies } = action;
  const tagged = [...forget, ...keep.map(({ snapshot }) => snapshot)].flatMap((one) => one.policies);
  const wanting = new Set(tagged.filter((name) => brakes.unasked.has(name) && !policies.includes(name)));
  return wanting.size === 0 ? undefined : { kind: 'policies-unasked', policies: [...wanting] };
}

/** For each backup that comes one goes, so that one of each guest is no change; of a guest that is gone none comes. */
function findTooMuch(
  actions: readonly ForgetAction[],
  of: number,
  { forgetMax }: Brakes,
): HoldReason | undefined {
  if (forgetMax === undefined) return undefined;
  const counted = actions.reduce(
    (sum, { forget, orphan }) => sum + forget.length - (orphan === undefined ? 1 : 0),
    0,
  );
  if (counted <= Math.max(forgetMax.share * of, forgetMax.atLeast)) return undefined;
  const going = actions.reduce((sum, { forget }) => sum + forget.length, 0);
  return { kind: 'forget-max', going, of, share: forgetMax.share };
}

function isSuspicious({ repository, forget: [first] }: ForgetAction, { suspicious }: Brakes): boolean {
  return suspicious.some((one) => one.repository === repository && one.snapshot.line === first?.line);
}
