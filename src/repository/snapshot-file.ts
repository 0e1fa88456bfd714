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
export function parseSnapshot(json: string, id: FileId): Snapshot {
  const where = `snapshots/${id}`;
  const raw = parseObject(json, where);
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

function parseObject(json: string, where: string): Readonly<Record<string, unknown>> {
  let raw: Readonly<Record<string, unknown>> | null;
  try {
    raw = JSON.parse(json);
  } catch (cause) {
    throw damaged(where, 'not JSON', cause);
  }
  return raw ?? {};
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function texts(value: unknown): readonly string[] {
  if (!Array.isArray(value)) return [];
  return value.every(isText) ? value : value.filter(isText);
}

function isText(item: unknown): item is string {
  return typeof item === 'string';
}
