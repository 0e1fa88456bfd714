/**
 * The numbers of the network block device protocol, by the names of its description (NetworkBlockDevice/nbd,
 * `doc/proto.md`, "Values"). All integers on the wire are big-endian.
 */

/** Of 64 bits in the handshake, of 32 bits afterwards. */
export const MAGIC = {
  /** `NBDMAGIC` */
  server: 0x4e42444d41474943n,
  /** `IHAVEOPT` */
  option: 0x49484156454f5054n,
  optionReply: 0x0003e889045565a9n,
  request: 0x25609513,
  simpleReply: 0x67446698,
  structuredReply: 0x668e33ef,
} as const;

/** The client's answer uses the same bits. */
export const HANDSHAKE_FLAG = { fixedNewstyle: 1, noZeroes: 2 } as const;

export const EXPORT_FLAG = {
  hasFlags: 1 << 0,
  readOnly: 1 << 1,
  sendDontFragment: 1 << 7,
  canMultiConnect: 1 << 8,
  sendCache: 1 << 10,
} as const;

export const OPTION = {
  exportName: 1,
  abort: 2,
  list: 3,
  info: 6,
  go: 7,
  structuredReply: 8,
  listMetaContext: 9,
  setMetaContext: 10,
} as const;

export const OPTION_REPLY = {
  acknowledge: 1,
  server: 2,
  info: 3,
  metaContext: 4,
  unsupported: 0x80000001,
  invalid: 0x80000003,
  unknown: 0x80000006,
} as const;

export const INFO = { export: 0, name: 1, description: 2, blockSize: 3 } as const;

export const COMMAND = {
  read: 0,
  write: 1,
  disconnect: 2,
  flush: 3,
  trim: 4,
  cache: 5,
  writeZeroes: 6,
  blockStatus: 7,
} as const;

export const COMMAND_FLAG = { dontFragment: 1 << 2, onlyOne: 1 << 3 } as const;

export const CHUNK = { none: 0, data: 1, hole: 2, blockStatus: 5, error: 0x8001 } as const;
export const CHUNK_DONE = 1;

/** `base:allocation`: not stored, and reads as zeros. */
export const STATE_HOLE_AND_ZERO = 3;

export const ERROR = {
  notPermitted: 1,
  inputOutput: 5,
  invalid: 22,
  overflow: 75,
} as const;

/** What every server takes and every client keeps to ("Size constraints"). */
export const MOST_PAYLOAD_BYTES = 32 << 20;
