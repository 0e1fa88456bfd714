import { isDone } from '../apply/apply-event.ts';
import type { ItemResult } from '../apply/run-plan.ts';
import type { Plan } from '../plan/plan.ts';
import { plannedActions } from '../plan/planned-actions.ts';
import type { UserErrorCode } from '../user-error.ts';

/** What the program ends with. The README has the same table. */
export const EXIT_STATUS = {
  done: 0,
  failed: 1,
  changes: 2,
  incomplete: 3,
  stale: 4,
  siteFile: 5,
  locked: 6,
  integrity: 7,
  noRepository: 10,
  wrongPassword: 12,
  interrupted: 130,
} as const;

/** For an error that ended the program before it could change anything. */
export function exitStatusOfError(code: UserErrorCode): number {
  switch (code) {
    case 'site-file':
      return EXIT_STATUS.siteFile;
    case 'stale-plan':
      return EXIT_STATUS.stale;
    case 'repository-locked':
      return EXIT_STATUS.locked;
    case 'repository-damaged':
      return EXIT_STATUS.integrity;
    case 'no-repository':
      return EXIT_STATUS.noRepository;
    case 'wrong-password':
      return EXIT_STATUS.wrongPassword;
    case 'interrupted':
      return EXIT_STATUS.interrupted;
    case 'host-unreachable':
    case 'host-key':
    case 'login-refused':
      return EXIT_STATUS.incomplete;
    case 'usage':
    case 'secret':
    case 'command-failed':
    case 'guest':
    case 'stream-broken':
    case 'repository-exists':
    case 'repository-read':
    case 'repository-write':
    case 'snapshot-not-found':
    case 'restore-target':
      return EXIT_STATUS.failed;
  }
}

export function exitStatusOfPlan(plan: Plan, options: { readonly detailed: boolean }): number {
  if (plan.problems.length > 0) return exitStatusOfProblems(plan);
  const changes = plannedActions(plan).length > 0;
  return changes && options.detailed ? EXIT_STATUS.changes : EXIT_STATUS.done;
}

/** Of a plan of which nothing is or can be carried out. */
export function exitStatusOfProblems({ problems }: Pick<Plan, 'problems'>): number {
  if (problems.some(({ kind }) => kind === 'repository-unread')) return EXIT_STATUS.integrity;
  return problems.length > 0 ? EXIT_STATUS.incomplete : EXIT_STATUS.done;
}

export function exitStatusOfRun(plan: Plan, results: readonly ItemResult[], interrupted: boolean): number {
  if (interrupted) return EXIT_STATUS.interrupted;
  const codes = results.flatMap(({ outcome }) => (outcome.kind === 'failed' ? [outcome.code] : []));
  if (codes.includes('repository-damaged')) return EXIT_STATUS.integrity;
  if (results.some(({ outcome }) => outcome.kind === 'stale')) return EXIT_STATUS.stale;
  const bad = results.some(({ outcome }) => !isDone(outcome));
  const ofProblems = exitStatusOfProblems(plan);
  return bad && ofProblems === EXIT_STATUS.done ? EXIT_STATUS.incomplete : ofProblems;
}
