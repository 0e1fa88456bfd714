/**
 * What is known beyond guests (FORMAT.md, "Records"): `record.json`, whose schema is `schemas/record.schema.json`. Times
 * are RFC 3339.
 */
export type PvebakRecord =
  | VerifyRecord
  | PinRecord
  | AckRecord
  | RestoreRecord
  | PoliciesRecord
  | PruneRecord
  | AdoptRecord;

export type RecordKind = PvebakRecord['kind'];

/** A snapshot by its id; it is still the same one when its id or its original is this id or this original. */
export interface RecordedSnapshot {
  readonly id: string;
  /** The id it had before restic rewrote it. */
  readonly original?: string;
  /** `/qemu/101`, `/node/fra1` */
  readonly path?: string;
  readonly hostname?: string;
  readonly time?: string;
}

/** Snapshots were verified. */
export interface VerifyRecord {
  readonly kind: 'verify';
  readonly started: string;
  readonly ended: string;
  /** Where it ran. */
  readonly host: string;
  /** All there were, and all packs; or some. */
  readonly scope: 'repository' | 'snapshots';
  readonly reading: 'structure' | 'subset' | 'read-data';
  /** Of a subset: one of so many parts of all packs, counted from 1. */
  readonly part?: { readonly number: number; readonly of: number };
  /** Whether no fault was found anywhere. */
  readonly outcome: 'whole' | 'damaged';
  readonly whole: readonly RecordedSnapshot[];
  readonly damaged: readonly RecordedSnapshot[];
  /** Each with its file or path, at most 100. */
  readonly faults: readonly string[];
}

/** Snapshots are to be kept, whatever retention says. Of several pins of a snapshot the newest counts. */
export interface PinRecord {
  readonly kind: 'pin';
  readonly snapshots: readonly RecordedSnapshot[];
  /** Until when; absent for ever. One in the past takes an earlier pin back. */
  readonly until?: string;
  readonly reason: string;
}

/** Somebody has looked at snapshots that held far more new data than usual, and found nothing wrong. */
export interface AckRecord {
  readonly kind: 'ack';
  readonly snapshots: readonly RecordedSnapshot[];
  readonly reason: string;
}

/** A guest was restored from a snapshot. Of several into one vmid of a cluster the one that was started last counts. */
export interface RestoreRecord {
  readonly kind: 'restore';
  readonly snapshot: RecordedSnapshot;
  /** `qemu/101` */
  readonly guest: string;
  readonly to: {
    /** The id of the host entry. */
    readonly host: string;
    readonly node: string;
    readonly vmid: number;
    /** The fingerprint of its root certificate, 64 hex digits. */
    readonly cluster?: string;
    /** That of the guest that came of it. */
    readonly line?: string;
  };
  readonly started: string;
  readonly ended: string;
  /** `begun` is written before a guest is overwritten: what is there may be anything until another record tells the end. */
  readonly outcome: 'begun' | 'restored' | 'failed';
}

/** What policies want kept from now on; those that it does not name are as an earlier record says. */
export interface PoliciesRecord {
  readonly kind: 'policies';
  /** Without `keep`: everything. */
  readonly policies: readonly { readonly name: string; readonly keep?: RecordedRetention }[];
}

/** The repository was looked through for what no snapshot needs, beginning at the time of the record. */
export interface PruneRecord {
  readonly kind: 'prune';
  /** What was stored afterwards, and how much of it no snapshot needed. */
  readonly bytes: number;
  readonly unusedBytes: number;
}

/** Restic's rules without `keep-`; at least one is given. */
export interface RecordedRetention {
  readonly last?: number;
  readonly hourly?: number;
  readonly daily?: number;
  readonly weekly?: number;
  readonly monthly?: number;
  readonly yearly?: number;
  /** Milliseconds. */
  readonly withinMs?: number;
}

/** The history of a line goes on in another one. Of several adoptions of a line the newest counts. */
export interface AdoptRecord {
  readonly kind: 'adopt';
  readonly from: RecordedLine;
  readonly to: RecordedLine;
  /** It was a mistake: the lines are apart again. */
  readonly undone?: true;
  readonly reason: string;
}

/** A line, and whose it is, as far as that is known. */
export interface RecordedLine {
  /** 16 hex digits. */
  readonly line: string;
  /** The id of the host entry. */
  readonly hostname?: string;
  /** `/qemu/101` */
  readonly path?: string;
}

/** With a version, indented, and with a newline at its end. */
export function encodeRecord(record: PvebakRecord): Uint8Array<ArrayBuffer> {
  const text = `${JSON.stringify({ version: 1, ...record }, undefined, 2)}\n`;
  return new Uint8Array(Buffer.from(text, 'utf8'));
}
