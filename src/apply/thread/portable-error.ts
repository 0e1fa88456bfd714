import { UserError, type UserErrorCode } from '../../user-error.ts';

/** An error as it goes from thread to thread. */
export type PortableError =
  | {
      readonly kind: 'user';
      readonly code: UserErrorCode;
      readonly message: string;
      readonly hint: string | undefined;
    }
  | { readonly kind: 'other'; readonly message: string; readonly stack: string | undefined };

export function toPortableError(error: unknown): PortableError {
  if (error instanceof UserError) {
    const { code, message, hint } = error;
    return { kind: 'user', code, message, hint };
  }
  return error instanceof Error
    ? { kind: 'other', message: error.message, stack: error.stack }
    : { kind: 'other', message: String(error), stack: undefined };
}

export function fromPortableError(portable: PortableError): Error {
  if (portable.kind === 'user') {
    const { code, message, hint } = portable;
    return new UserError(code, message, hint === undefined ? {} : { hint });
  }
  const error = new Error(portable.message);
  if (portable.stack !== undefined) error.stack = portable.stack;
  return error;
}
