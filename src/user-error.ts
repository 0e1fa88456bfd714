/**
 * Errors that are for the user: what is wrong, where, and what to do. Anything else that is thrown is a bug.
 */

/** A closed union: each code has one exit status, in `cli/exit-status.ts`. */
export type UserErrorCode =
  | 'usage'
  | 'site-file'
  | 'stale-plan'
  | 'secret'
  | 'host-unreachable'
  | 'host-key'
  | 'login-refused'
  | 'command-failed'
  | 'guest'
  | 'stream-broken'
  | 'no-repository'
  | 'repository-exists'
  | 'wrong-password'
  | 'repository-locked'
  | 'repository-damaged'
  | 'repository-read'
  | 'repository-write'
  | 'snapshot-not-found'
  | 'restore-target'
  | 'interrupted';

export class UserError extends Error {
  override readonly name = 'UserError';
  readonly code: UserErrorCode;
  /** What to do about it, as one sentence or several lines. */
  readonly hint: string | undefined;

  /** @param code what kind it is; @param message what is wrong and where, without a trailing full stop */
  constructor(
    code: UserErrorCode,
    message: string,
    options: { readonly hint?: string; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
  }
}
