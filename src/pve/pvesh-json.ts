import { UserError } from '../user-error.ts';
import { type GuestRef, type NodeName, parseNodeName, parseVmid } from './guest.ts';
import { parseTags } from './guest-config.ts';
import type { NodeFacts, PveVersion, StorageFacts } from './inventory.ts';

/** One answer of pvesh, with what was asked, for messages. */
export interface PveshAnswer {
  /** `pvesh get /version on 10.0.0.10:22` */
  readonly title: string;
  readonly text: string;
}

/** A guest as /cluster/resources has it. Of one whose status is unknown there is no name and no template flag. */
export interface ResourceGuest {
  readonly ref: GuestRef;
  readonly node: NodeName;
  readonly status: string;
  readonly name?: string;
  readonly template: boolean;
  readonly pool?: string;
  readonly tags: readonly string[];
  readonly lock?: string;
}

export interface ClusterResources {
  readonly guests: readonly ResourceGuest[];
  readonly pools: readonly string[];
  readonly storages: readonly StorageFacts[];
}

export interface ClusterStatus {
  readonly localNode: NodeName;
  readonly nodes: readonly NodeFacts[];
}

/** @throws UserError `command-failed` when the answer is not what /version gives */
export function parseVersion(answer: PveshAnswer): PveVersion {
  const value = parseJson(answer);
  const release = isRecord(value) ? text(value['release']) : undefined;
  const version = isRecord(value) ? text(value['version']) : undefined;
  if (release === undefined || version === undefined) throw unexpected(answer, 'no release and version');
  return { release, version };
}

/** @throws UserError `command-failed` when the answer does not tell the nodes and which of them was asked */
export function parseClusterStatus(answer: PveshAnswer): ClusterStatus {
  const rows = parseRows(answer).filter((row) => row['type'] === 'node');
  const nodes = rows.flatMap((row) => nodeFacts(row) ?? []);
  const local = rows.find((row) => isSet(row['local']));
  const localNode = parseNodeName(local?.['name']);
  if (localNode === undefined) throw unexpected(answer, 'no entry for the node that was asked');
  return { localNode, nodes };
}

/**
 * Entries of unknown types (sdn, network, ...) and entries that lack what their type needs are passed over.
 * @throws UserError `command-failed` when the answer is no JSON list of objects
 */
export function parseClusterResources(answer: PveshAnswer): ClusterResources {
  const rows = parseRows(answer);
  const ofType = (...types: string[]) => rows.filter((row) => types.includes(String(row['type'])));
  return {
    guests: ofType('qemu', 'lxc').flatMap((row) => resourceGuest(row) ?? []),
    pools: ofType('pool').flatMap((row) => text(row['pool']) ?? []),
    storages: ofType('storage').flatMap((row) => storageFacts(row) ?? []),
  };
}

type Row = Readonly<Record<string, unknown>>;

function parseRows(answer: PveshAnswer): Row[] {
  const value = parseJson(answer);
  if (!Array.isArray(value) || !value.every(isRecord)) throw unexpected(answer, 'not a list of objects');
  return value;
}

function parseJson(answer: PveshAnswer): unknown {
  try {
    return JSON.parse(answer.text);
  } catch (cause) {
    throw unexpected(answer, 'no JSON', cause);
  }
}

function unexpected(answer: PveshAnswer, what: string, cause?: unknown): UserError {
  const shown = answer.text.slice(0, 120).replace(/[\p{Cc}\s]+/gu, ' ');
  return new UserError(
    'command-failed',
    `${answer.title} answered something unexpected (${what}): ${shown}`,
    { cause },
  );
}

function nodeFacts(row: Row): NodeFacts | undefined {
  const name = parseNodeName(row['name']);
  const address = text(row['ip']);
  if (name === undefined) return undefined;
  return { name, online: isSet(row['online']), ...(address === undefined ? {} : { address }) };
}

function resourceGuest(row: Row): ResourceGuest | undefined {
  const vmid = parseVmid(row['vmid']);
  const node = parseNodeName(row['node']);
  const [name, pool, lock] = [text(row['name']), text(row['pool']), text(row['lock'])];
  if (vmid === undefined || node === undefined) return undefined;
  return {
    ref: { type: row['type'] === 'lxc' ? 'lxc' : 'qemu', vmid },
    node,
    status: text(row['status']) ?? 'unknown',
    ...(name === undefined ? {} : { name }),
    template: isSet(row['template']),
    ...(pool === undefined ? {} : { pool }),
    tags: parseTags(text(row['tags'])),
    ...(lock === undefined ? {} : { lock }),
  };
}

function storageFacts(row: Row): StorageFacts | undefined {
  const node = parseNodeName(row['node']);
  const storage = text(row['storage']);
  const type = text(row['plugintype']);
  if (node === undefined || storage === undefined) return undefined;
  return {
    node,
    storage,
    ...(type === undefined ? {} : { type }),
    available: row['status'] === 'available',
    shared: isSet(row['shared']),
    content: parseTags(text(row['content'])),
    totalBytes: bytes(row['maxdisk']),
    usedBytes: bytes(row['disk']),
  };
}

function isRecord(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function bytes(value: unknown): number {
  const number = Number(value ?? 0);
  return Number.isFinite(number) && number > 0 ? Math.round(number) : 0;
}

/** pvesh writes booleans as 0 and 1; a node's own code may leave them strings. */
function isSet(value: unknown): boolean {
  return value === 1 || value === '1' || value === true;
}
