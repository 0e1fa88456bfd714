import { damaged } from './damaged-error.ts';
import { type BlobId, type FileId, parseBlobId, parseFileId, toHex } from './object-id.ts';
import { encodeSummary, parseSummary, type SnapshotSummary } from './snapshot-summary.ts';

/** What a snapshot says (restic's design document, "Snapshots"). */
export interface SnapshotFacts {
  /** RFC 3339 with offset, up to nanoseconds. */
  readonly time: string;
  readonly tree: BlobId;
  readonly hostname: string;
  readonly paths: readonly string[];
  readonly tags: readonly string[];
  readonly username: string;
  readonly programVersion: string;
  readonly summary?: SnapshotSummary;
}

export interface Snapshot extends SnapshotFacts {
  readonly id: FileId;
  /** The id it had before restic rewrote it (tag, rewrite). */
  readonly original: FileId | undefined;
}

export function encodeSnapshot(facts: SnapshotFacts): Uint8Array {
  return Buffer.from(
    JSON.stringify({
      time: facts.time,
      tree: toHex(facts.tree),
      paths: facts.paths,
      hostname: facts.hostname,
      username: facts.username,
      tags: facts.tags,
      program_version: facts.programVersion,
      ...(facts.summary !== undefined && { summary: encodeSummary(facts.summary) }),
    }),
  );
}

/** @throws UserError `repository-damaged`, naming the snapshot */
export function parseSnapshot(plaintext: Uint8Array, id: FileId): Snapshot {
  const where = `snapshots/${id}`;
  let raw: Record<string, unknown>;
  try {
    raw = { ...JSON.parse(Buffer.from(plaintext).toString('utf8')) };
  } catch (cause) {
    throw damaged(where, 'not JSON', cause);
  }
  const tree = parseBlobId(raw['tree']);
  const time = raw['time'];
  if (tree === undefined || typeof time !== 'string' || Number.isNaN(Date.parse(time)))
    throw damaged(where, 'no tree or no time');
  const summary = parseSummary(raw['summary']);
  return {
    id,
    original: parseFileId(raw['original']),
    time,
    tree,
    hostname: text(raw['hostname']),
    paths: texts(raw['paths']),
    tags: texts(raw['tags']),
    username: text(raw['username']),
    programVersion: text(raw['program_version']),
    ...(summary !== undefined && { summary }),
  };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
