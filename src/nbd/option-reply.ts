import type { ExportFacts } from './export-facts.ts';
import { INFO, MAGIC, MOST_PAYLOAD_BYTES, OPTION_REPLY } from './protocol-numbers.ts';

/** What the server sends while it haggles (`doc/proto.md`, "Newstyle negotiation" and "Option reply types"). */

/** `NBDMAGIC`, `IHAVEOPT`, flags u16 */
export function encodeGreeting(flags: number): Uint8Array {
  const bytes = Buffer.alloc(18);
  bytes.writeBigUInt64BE(MAGIC.server, 0);
  bytes.writeBigUInt64BE(MAGIC.option, 8);
  bytes.writeUInt16BE(flags, 16);
  return bytes;
}

/** The end of the old way to choose an export: size u64, flags u16, and 124 zeros unless the client can do without */
export function encodeExportName(size: number, flags: number, padding: 'padded' | 'bare'): Uint8Array {
  const bytes = Buffer.alloc(padding === 'padded' ? 134 : 10);
  bytes.writeBigUInt64BE(BigInt(size), 0);
  bytes.writeUInt16BE(flags, 8);
  return bytes;
}

/** Magic u64, option u32, type u32, length u32, data */
export function encodeOptionReply(option: number, type: number, data: Uint8Array = Buffer.alloc(0)) {
  const head = Buffer.alloc(20);
  head.writeBigUInt64BE(MAGIC.optionReply, 0);
  head.writeUInt32BE(option, 8);
  head.writeUInt32BE(type, 12);
  head.writeUInt32BE(data.length, 16);
  return Buffer.concat([head, data]);
}

/** @param message for people, as every error may carry one */
export function encodeOptionError(option: number, type: number, message: string): Uint8Array {
  return encodeOptionReply(option, type, Buffer.from(message, 'utf8'));
}

/** Length of name u32, name, description */
export function encodeListed(option: number, { name, description }: ExportFacts): Uint8Array {
  const data = Buffer.concat([u32(Buffer.byteLength(name)), Buffer.from(name), Buffer.from(description)]);
  return encodeOptionReply(option, OPTION_REPLY.server, data);
}

/** Identity u32, name */
export function encodeContext(option: number, id: number, name: string): Uint8Array {
  return encodeOptionReply(option, OPTION_REPLY.metaContext, Buffer.concat([u32(id), Buffer.from(name)]));
}

/** Type u16; size u64, flags u16 */
export function encodeExportInfo(option: number, size: number, flags: number): Uint8Array {
  const data = Buffer.alloc(12);
  data.writeUInt16BE(INFO.export, 0);
  data.writeBigUInt64BE(BigInt(size), 2);
  data.writeUInt16BE(flags, 10);
  return encodeOptionReply(option, OPTION_REPLY.info, data);
}

const PREFERRED_BLOCK = 4096;

/** Type u16; smallest, preferred and largest length of a request, u32 each. Any byte can be asked for. */
export function encodeBlockSizeInfo(option: number): Uint8Array {
  const data = Buffer.alloc(14);
  data.writeUInt16BE(INFO.blockSize, 0);
  data.writeUInt32BE(1, 2);
  data.writeUInt32BE(PREFERRED_BLOCK, 6);
  data.writeUInt32BE(MOST_PAYLOAD_BYTES, 10);
  return encodeOptionReply(option, OPTION_REPLY.info, data);
}

/** Type u16; text */
export function encodeTextInfo(option: number, type: number, text: string): Uint8Array {
  const data = Buffer.concat([Buffer.of(0, type), Buffer.from(text, 'utf8')]);
  return encodeOptionReply(option, OPTION_REPLY.info, data);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
