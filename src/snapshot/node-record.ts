import type { PveVersion } from '../pve/inventory.ts';

/** `pvebak-node.json`: what the snapshot of a node's configuration says of itself. Schema: `schemas/pvebak-node.schema.json`. */
export interface NodeRecord {
  readonly version: 1;
  readonly node: string;
  /** The host's id. */
  readonly host: string;
  readonly pve: PveVersion;
  /** Fingerprint of the cluster's root certificate. */
  readonly cluster: string;
  readonly dump: {
    readonly command: readonly string[];
    /** RFC 3339 */
    readonly started: string;
    readonly ended: string;
    /** 1: something changed while it was read. */
    readonly exitStatus: number;
    /** What tar had to say. */
    readonly warnings: readonly string[];
  };
  readonly archive: {
    readonly name: string;
    readonly size: number;
    readonly newBytes: number;
    readonly reusedBytes: number;
    readonly listDigest: string;
    readonly sha256: string;
  };
}

export function encodeNodeRecord(record: NodeRecord): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(`${JSON.stringify(record, undefined, 2)}\n`, 'utf8'));
}
