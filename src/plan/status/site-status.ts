import type { GuestSnapshot } from '../facts.ts';
import type { DueReason, GuestLabel, VerifyReason } from '../plan.ts';
import type { PlanProblem } from '../plan-problem.ts';

/** As monitoring plugins grade it. `unknown`: who would have to tell did not answer. */
export type StatusLevel = 'ok' | 'warning' | 'critical' | 'unknown';

/** How restorable a site is. */
export interface SiteStatus {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** The worst of all: critical, then unknown, then warning. */
  readonly level: StatusLevel;
  /** One for each repository that a guest's backups go to, the worst first. */
  readonly guests: readonly GuestStatus[];
  /** What could not be asked, or is declared and not there. */
  readonly problems: readonly { readonly level: StatusLevel; readonly problem: PlanProblem }[];
}

export interface GuestStatus {
  readonly level: StatusLevel;
  readonly why: StatusReason;
  readonly host: string;
  readonly guest: GuestLabel;
  readonly policies: readonly string[];
  /** The strictest of the policies. */
  readonly rpoMs: number;
  readonly newest?: GuestSnapshot;
  /** Of the newest. */
  readonly ageMs?: number;
  /** When a verification found the newest whole, or else one before it, milliseconds since 1970. */
  readonly verifiedAt?: number;
}

export type StatusReason =
  | { readonly kind: 'fresh' }
  /** The next run backs it up; none has passed it over. */
  | { readonly kind: 'due' }
  /** A run that should have backed it up has passed; or the rpo has, while such a run may be under way. */
  | { readonly kind: 'missed' }
  | { readonly kind: 'out-of-policy' }
  /** There is none to restore, or none to be trusted. */
  | { readonly kind: 'none'; readonly reason: DueReason }
  /** The newest claims a time after now. */
  | { readonly kind: 'clock' }
  /** A policy wants it verified more recently. */
  | { readonly kind: 'unverified'; readonly reason: VerifyReason };
