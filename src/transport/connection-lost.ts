import { UserError } from '../user-error.ts';

/** What reading and writing throw when the connection ended before the command did. */
export function connectionLost(where: string, reason: string): UserError {
  return new UserError('host-unreachable', `the connection to ${where} was lost: ${reason}`);
}

/** What an abort's reason is called in `CommandExit`. */
export function abortText(signal: AbortSignal): string {
  return signal.reason instanceof Error ? signal.reason.message : 'aborted';
}
