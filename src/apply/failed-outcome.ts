import { UserError } from '../user-error.ts';
import type { ItemOutcome } from './apply-event.ts';

export type FailedOutcome = Extract<ItemOutcome, { readonly kind: 'failed' | 'unreachable' }>;

/** What an error makes of an item. @param interrupted whether the run was, whatever the error says */
export function failedOutcome(error: unknown, interrupted: boolean): FailedOutcome {
  if (interrupted) return interruptedOutcome(error);
  if (!(error instanceof UserError)) {
    return {
      kind: 'failed',
      code: 'bug',
      reason: error instanceof Error ? (error.stack ?? error.message) : String(error),
      hint: 'this is a bug of pvebak; please report it',
      left: [],
    };
  }
  const { code, message, hint } = error;
  if (code === 'host-unreachable' || code === 'host-key' || code === 'login-refused')
    return { kind: 'unreachable', reason: message, hint, left: [] };
  return { kind: 'failed', code, reason: message, hint, left: [] };
}

/** What was interrupted after it had touched its target says what state that is in. */
function interruptedOutcome(error: unknown): FailedOutcome {
  const says = error instanceof UserError && error.code === 'interrupted' ? error : undefined;
  return {
    kind: 'failed',
    code: 'interrupted',
    reason: says?.message ?? 'interrupted',
    hint: says?.hint,
    left: [],
  };
}
