import type { Agreed } from './answer-option.ts';
import type { ClientRequest } from './client-request.ts';
import { COMMAND, COMMAND_FLAG, ERROR, MOST_PAYLOAD_BYTES } from './protocol-numbers.ts';

/** What is to be done for a request. Ranges lie within the disk. */
export type Verdict =
  | {
      readonly kind: 'read';
      readonly offset: number;
      readonly length: number;
      /** All of it in one chunk, zeros too. */
      readonly whole: boolean;
    }
  | { readonly kind: 'cache'; readonly offset: number; readonly length: number }
  | {
      readonly kind: 'block-status';
      readonly offset: number;
      readonly length: number;
      readonly onlyOne: boolean;
    }
  | { readonly kind: 'acknowledge' }
  | { readonly kind: 'disconnect' }
  | Refusal;

export interface Refusal {
  readonly kind: 'refuse';
  readonly error: number;
  /** For people, where replies have room for it. */
  readonly message: string;
}

/** The errors are those that `doc/proto.md` names for each case ("Request types", "Error values"). */
export function judgeRequest(request: ClientRequest, size: number, agreed: Agreed): Verdict {
  const { type, flags, offset, length } = request;
  if ((flags & ~flagsOf(type, agreed)) !== 0 && !isWrite(type))
    return refuse(ERROR.invalid, 'a flag that is not known');
  switch (type) {
    case COMMAND.disconnect:
      return { kind: 'disconnect' };
    case COMMAND.flush:
      return { kind: 'acknowledge' };
    case COMMAND.read:
      return judgeRead(request, size, agreed);
    case COMMAND.cache:
      if (!liesWithin(request, size)) return BEYOND;
      return { kind: 'cache', offset, length: Math.min(length, MOST_PAYLOAD_BYTES) };
    case COMMAND.blockStatus:
      return judgeBlockStatus(request, size, agreed);
    default:
      return isWrite(type)
        ? refuse(ERROR.notPermitted, 'a backup is never written to')
        : refuse(ERROR.invalid, 'a command that is not known');
  }
}

function judgeRead(request: ClientRequest, size: number, { structured }: Agreed): Verdict {
  const { offset, length, flags } = request;
  if (length > MOST_PAYLOAD_BYTES)
    return refuse(structured ? ERROR.overflow : ERROR.invalid, 'more than 32 MiB at once');
  if (!liesWithin(request, size)) return BEYOND;
  return { kind: 'read', offset, length, whole: (flags & COMMAND_FLAG.dontFragment) !== 0 };
}

function judgeBlockStatus(request: ClientRequest, size: number, { allocation }: Agreed): Verdict {
  const { offset, length, flags } = request;
  if (!allocation) return refuse(ERROR.invalid, 'no metadata was agreed on');
  if (length === 0) return refuse(ERROR.invalid, 'of nothing there is no status');
  if (!liesWithin(request, size)) return BEYOND;
  return { kind: 'block-status', offset, length, onlyOne: (flags & COMMAND_FLAG.onlyOne) !== 0 };
}

function flagsOf(type: number, { structured }: Agreed): number {
  if (type === COMMAND.read && structured) return COMMAND_FLAG.dontFragment;
  return type === COMMAND.blockStatus ? COMMAND_FLAG.onlyOne : 0;
}

function isWrite(type: number): boolean {
  return type === COMMAND.write || type === COMMAND.trim || type === COMMAND.writeZeroes;
}

function liesWithin({ offset, length }: ClientRequest, size: number): boolean {
  return offset + length <= size;
}

const BEYOND: Refusal = { kind: 'refuse', error: ERROR.invalid, message: 'the disk ends before' };

function refuse(error: number, message: string): Refusal {
  return { kind: 'refuse', error, message };
}
