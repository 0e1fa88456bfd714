import { hash } from 'node:crypto';
import { decrypt, type MasterKey } from './encryption.ts';
import { type BlobType, toHex } from './object-id.ts';
import { openBlob } from './open-blob.ts';
import { decodePackHeader, type PackEntry } from './pack-header.ts';
import { releaseMemory } from './release-memory.ts';

/** A pack as it was read: whole, or its end from some blob on. */
export interface PackCheck {
  /** 64 hex digits */
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where in the file `bytes` begins; they reach to its end. */
  readonly from: number;
  /** All its blobs, as the index has them; undefined when no index names the pack. */
  readonly indexed: readonly PackEntry[] | undefined;
  /** Those that are checked, all of which lie in `bytes`; undefined for all. */
  readonly wanted: readonly PackEntry[] | undefined;
}

export interface PackFindings {
  /** What is wrong with the file as a whole; empty for a whole one. */
  readonly whats: readonly string[];
  readonly blobs: readonly BlobFinding[];
  /** How many blobs were opened. */
  readonly checked: number;
}

/** A blob that is not what its id says. */
export interface BlobFinding {
  readonly type: BlobType;
  /** 64 hex digits */
  readonly id: string;
  readonly offset: number;
  readonly what: string;
}

/**
 * Checks a pack: its name, its header against the index, and each blob against its id. What is damaged does not keep the
 * rest from being checked; where the header cannot be read, the index says where the blobs are.
 */
export function checkPack(key: MasterKey, check: PackCheck): PackFindings {
  const whats: string[] = [];
  if (check.from === 0 && hash('sha256', check.bytes, 'hex') !== check.name)
    whats.push('the content does not match the name');
  const header = readHeader(key, check.bytes);
  if (typeof header === 'string') whats.push(header);
  else if (check.indexed !== undefined && describe(header) !== describe(check.indexed))
    whats.push('its header names other blobs than the index');
  const entries = check.wanted ?? check.indexed ?? (typeof header === 'string' ? [] : header);
  const blobs = entries.flatMap((entry) => checkBlob(key, entry, check) ?? []);
  return { whats, blobs, checked: entries.length };
}

/** The entries, or what is wrong. */
function readHeader(key: MasterKey, bytes: Uint8Array): readonly PackEntry[] | string {
  if (bytes.length < 4) return 'it has no header';
  const length = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 4).getUint32(0, true);
  if (length + 4 > bytes.length) return 'the length of its header is wrong';
  const plaintext = decrypt(key, bytes.subarray(bytes.length - 4 - length, -4));
  if (plaintext === undefined) return 'the MAC of its header is wrong';
  try {
    return decodePackHeader(plaintext);
  } catch (error) {
    if (error instanceof RangeError) return `its header is wrong: ${error.message}`;
    throw error;
  }
}

/** One text for the same blobs at the same places, in whatever order they are named. */
function describe(entries: readonly PackEntry[]): string {
  return entries
    .map(
      ({ id, type, offset, length, uncompressedLength }) =>
        `${String(offset).padStart(10, '0')} ${toHex(id)} ${type} ${length} ${uncompressedLength}`,
    )
    .sort()
    .join('\n');
}

function checkBlob(key: MasterKey, entry: PackEntry, { bytes, from }: PackCheck): BlobFinding | undefined {
  const { type, id, offset, length } = entry;
  const finding = (what: string) => ({ type, id: toHex(id), offset, what });
  const start = offset - from;
  if (start < 0 || start + length > bytes.length) return finding('it lies beyond the end of the file');
  const opened = openBlob(key, bytes.subarray(start, start + length), entry);
  if (typeof opened === 'string') return finding(opened);
  releaseMemory(opened);
  return undefined;
}
