import { COMMAND, MAGIC } from './protocol-numbers.ts';

/** `doc/proto.md`, "Request message": magic u32, flags u16, type u16, cookie 8 bytes, offset u64, length u32 */
export interface ClientRequest {
  readonly flags: number;
  readonly type: number;
  /** Stands in the reply as it is. */
  readonly cookie: Uint8Array;
  /** Exact up to 2^53; beyond there is no disk. */
  readonly offset: number;
  readonly length: number;
  /** Bytes that follow the request. */
  readonly payloadLength: number;
}

export const REQUEST_BYTES = 28;

/** Undefined when it does not begin as a request does: what follows can't be understood then. */
export function decodeRequest(header: Uint8Array): ClientRequest | undefined {
  const bytes = Buffer.from(header.buffer, header.byteOffset, header.byteLength);
  if (bytes.readUInt32BE(0) !== MAGIC.request) return undefined;
  const type = bytes.readUInt16BE(6);
  const length = bytes.readUInt32BE(24);
  return {
    flags: bytes.readUInt16BE(4),
    type,
    cookie: bytes.subarray(8, 16),
    offset: Number(bytes.readBigUInt64BE(16)),
    length,
    payloadLength: type === COMMAND.write ? length : 0,
  };
}
