import { ALLOCATION_ID } from './answer-option.ts';
import type { StatusDescriptor } from './block-status.ts';
import type { DiskPiece } from './disk-reader.ts';
import { CHUNK, CHUNK_DONE, MAGIC } from './protocol-numbers.ts';

/**
 * Replies to requests, as parts to be sent one after the other (`doc/proto.md`):
 *
 *     simple:       magic u32, error u32, cookie, and what was read
 *     structured:   chunks of magic u32, flags u16, type u16, cookie, length u32, payload; the last one flagged
 */

/** Without structured replies: done, or an error. */
export function simpleReply(cookie: Uint8Array, error = 0): readonly Uint8Array[] {
  const head = Buffer.alloc(16);
  head.writeUInt32BE(MAGIC.simpleReply, 0);
  head.writeUInt32BE(error, 4);
  head.set(cookie, 8);
  return [head];
}

export function simpleRead(cookie: Uint8Array, pieces: readonly DiskPiece[]): readonly Uint8Array[] {
  return [...simpleReply(cookie), ...pieces.flatMap(bytesOf)];
}

/** Done, with nothing to say. */
export function structuredDone(cookie: Uint8Array): readonly Uint8Array[] {
  return [chunkHead(cookie, { type: CHUNK.none, length: 0, last: true })];
}

/** Payload: error u32, length of message u16, message */
export function structuredError(cookie: Uint8Array, error: number, message: string): readonly Uint8Array[] {
  const text = Buffer.from(message, 'utf8').subarray(0, MOST_MESSAGE_BYTES);
  const payload = Buffer.alloc(6);
  payload.writeUInt32BE(error, 0);
  payload.writeUInt16BE(text.length, 4);
  return [chunkHead(cookie, { type: CHUNK.error, length: 6 + text.length, last: true }), payload, text];
}

const MOST_MESSAGE_BYTES = 4096;

/** Neighbouring data, and neighbouring zeros, in one chunk each; everything in one where it must be `whole`. */
export function structuredRead(
  cookie: Uint8Array,
  offset: number,
  { pieces, whole }: { readonly pieces: readonly DiskPiece[]; readonly whole: boolean },
): readonly Uint8Array[] {
  const groups = whole ? wholeGroup(pieces) : grouped(pieces);
  if (groups.length === 0) return structuredDone(cookie);
  let at = offset;
  return groups.flatMap((group, nth) => {
    const start = at;
    at += group.length;
    const last = nth === groups.length - 1;
    return group.kind === 'zeros'
      ? holeChunk(cookie, start, { length: group.length, last })
      : dataChunk(cookie, start, { ...group, last });
  });
}

/** Payload: context u32, then length u32 and state u32 of each extent */
export function statusReply(
  cookie: Uint8Array,
  descriptors: readonly StatusDescriptor[],
): readonly Uint8Array[] {
  const payload = Buffer.alloc(4 + 8 * descriptors.length);
  payload.writeUInt32BE(ALLOCATION_ID, 0);
  for (const [nth, { length, state }] of descriptors.entries()) {
    payload.writeUInt32BE(length, 4 + 8 * nth);
    payload.writeUInt32BE(state, 8 + 8 * nth);
  }
  return [chunkHead(cookie, { type: CHUNK.blockStatus, length: payload.length, last: true }), payload];
}

type Group =
  | { readonly kind: 'zeros'; length: number }
  | { readonly kind: 'data'; length: number; readonly parts: Uint8Array[] };

function grouped(pieces: readonly DiskPiece[]): readonly Group[] {
  const groups: Group[] = [];
  for (const piece of pieces) {
    if (groups.at(-1)?.kind !== piece.kind) groups.push(emptyGroup(piece.kind));
    const group = groups.at(-1);
    if (group === undefined) continue;
    group.length += lengthOf(piece);
    if (group.kind === 'data') group.parts.push(...bytesOf(piece));
  }
  return groups;
}

function emptyGroup(kind: Group['kind']): Group {
  return kind === 'zeros' ? { kind, length: 0 } : { kind, length: 0, parts: [] };
}

function wholeGroup(pieces: readonly DiskPiece[]): readonly Group[] {
  const length = pieces.reduce((sum, piece) => sum + lengthOf(piece), 0);
  return length === 0 ? [] : [{ kind: 'data', length, parts: pieces.flatMap(bytesOf) }];
}

/** Payload: offset u64, data */
function dataChunk(
  cookie: Uint8Array,
  offset: number,
  { length, parts, last }: { length: number; parts: readonly Uint8Array[]; last: boolean },
): readonly Uint8Array[] {
  return [chunkHead(cookie, { type: CHUNK.data, length: 8 + length, last }), u64(offset), ...parts];
}

/** Payload: offset u64, length u32 */
function holeChunk(
  cookie: Uint8Array,
  offset: number,
  { length, last }: { length: number; last: boolean },
): readonly Uint8Array[] {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(length);
  return [chunkHead(cookie, { type: CHUNK.hole, length: 12, last }), u64(offset), size];
}

function chunkHead(
  cookie: Uint8Array,
  { type, length, last }: { readonly type: number; readonly length: number; readonly last: boolean },
): Uint8Array {
  const head = Buffer.alloc(20);
  head.writeUInt32BE(MAGIC.structuredReply, 0);
  head.writeUInt16BE(last ? CHUNK_DONE : 0, 4);
  head.writeUInt16BE(type, 6);
  head.set(cookie, 8);
  head.writeUInt32BE(length, 16);
  return head;
}

const ZEROS = new Uint8Array(256 << 10);

/** Zeros as the same few bytes again and again. */
function bytesOf(piece: DiskPiece): readonly Uint8Array[] {
  if (piece.kind === 'data') return [piece.bytes];
  const parts: Uint8Array[] = [];
  for (let left = piece.length; left > 0; left -= ZEROS.length) parts.push(ZEROS.subarray(0, left));
  return parts;
}

function lengthOf(piece: DiskPiece): number {
  return piece.kind === 'data' ? piece.bytes.length : piece.length;
}

function u64(value: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}
