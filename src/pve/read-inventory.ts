import { createHash } from 'node:crypto';
import { capture } from '../transport/capture.ts';
import type { Shell } from '../transport/shell.ts';
import { UserError } from '../user-error.ts';
import {
  type ClusterFiles,
  type ConfigFile,
  clusterFilesCommand,
  parseClusterFiles,
} from './cluster-files.ts';
import { pveshGet } from './commands.ts';
import { formatGuestRef, type GuestRef } from './guest.ts';
import { guestBridges } from './guest-bridges.ts';
import { type GuestConfig, parseGuestConfig } from './guest-config.ts';
import { hostAccess } from './host-access.ts';
import type { Guest, Inventory, NodeFacts, PveVersion } from './inventory.ts';
import { lineIdentity, machineOf } from './line.ts';
import { parsePveBoolean } from './property-string.ts';
import {
  type ClusterResources,
  type ClusterStatus,
  type PveshAnswer,
  parseClusterResources,
  parseClusterStatus,
  parseVersion,
  type ResourceGuest,
} from './pvesh-json.ts';

const limitBytes = 256 * 1024 * 1024;
const timeoutMs = 120_000;

/**
 * Asks a host about its cluster: four commands at the same time over the one connection. Needs root on the node.
 * @throws UserError `command-failed` when the host is no Proxmox VE node, when the user may not ask, or when an answer
 * cannot be understood; `host-unreachable` when the connection is lost
 */
export async function readInventory(
  shell: Shell,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<Inventory> {
  const read = (argv: readonly string[]) => answerOf(shell, argv, signal);
  const [version, status, resources, { files, between }] = await Promise.all([
    read(pveshGet('/version')),
    read(pveshGet('/cluster/status')),
    read(pveshGet('/cluster/resources')),
    timed(() => read(clusterFilesCommand)),
  ]);
  return assembleInventory({
    version: parseVersion(version),
    status: parseClusterStatus(status),
    resources: parseClusterResources(resources),
    files: parseClusterFiles(files.text),
    between,
  });
}

async function timed(read: () => Promise<PveshAnswer>): Promise<{ files: PveshAnswer; between: Span }> {
  const from = Date.now();
  const files = await read();
  return { files, between: { from, to: Date.now() } };
}

/** By this machine's clock, milliseconds since 1970. */
interface Span {
  readonly from: number;
  readonly to: number;
}

export interface InventoryParts {
  readonly version: PveVersion;
  readonly status: ClusterStatus;
  readonly resources: ClusterResources;
  readonly files: ClusterFiles;
  /** When the files were asked for, and when they were there. */
  readonly between: Span;
}

/** Puts the answers together. Where they disagree the configuration files count: pvesh's numbers are up to 10 s old. */
export function assembleInventory({ version, status, resources, files, between }: InventoryParts): Inventory {
  const { fingerprint, note } = clusterIdentity(status, files);
  const configs = new Map(files.configs.map((config) => [formatGuestRef(config.ref), config]));
  const guests = resources.guests.map((resource) =>
    guestOf(resource, { file: configs.get(formatGuestRef(resource.ref)), files, fingerprint }),
  );
  return {
    version,
    clusterFingerprint: fingerprint,
    ...(note === undefined ? {} : { identityNote: note }),
    localNode: status.localNode,
    ...(files.clock !== undefined && { clockAheadMs: aheadOf(between, files.clock) }),
    nodes: [...status.nodes, ...unlistedNodes(guests, status)].map((node) =>
      withBridges(node, node.name === status.localNode ? files.localBridges : undefined),
    ),
    pools: resources.pools,
    storages: resources.storages,
    guests,
  };
}

async function answerOf(
  shell: Shell,
  argv: readonly string[],
  signal: AbortSignal | undefined,
): Promise<PveshAnswer> {
  const options = signal === undefined ? {} : { signal };
  const { stdout, stderr, exit } = await capture(shell, argv, { limitBytes, timeoutMs, ...options });
  const title = `${argv[0] === 'sh' ? 'reading /etc/pve' : argv.slice(0, 3).join(' ')} on ${shell.where}`;
  if (exit.kind === 'status' && exit.status === 0) return { title, text: Buffer.from(stdout).toString() };
  const status = exit.kind === 'status' ? exit.status : undefined;
  throw refused(shell.where, { title, stderr, status });
}

interface Refusal {
  readonly title: string;
  readonly stderr: string;
  /** Undefined after a signal. */
  readonly status: number | undefined;
}

function refused(where: string, { title, stderr, status }: Refusal): UserError {
  if (status === 127 || (status === 3 && title.startsWith('reading /etc/pve'))) {
    return new UserError(
      'command-failed',
      `${where} is no Proxmox VE node: ${status === 127 ? 'pvesh is not there' : 'there is no /etc/pve'}`,
      {
        hint: 'Check the location of the host entry. On a node, check the PATH of the user that logs in.',
      },
    );
  }
  if (/ipcc_send_rec|Unable to load access control list|[Pp]ermission denied/.test(stderr)) {
    return new UserError('command-failed', `${title} is not allowed to the user that logs in`, {
      hint: 'The Proxmox VE tools need root: set conn_username: root, or sudo: true (or run pvebak as root on the node itself).',
    });
  }
  const reason = stderr
    .replace(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(-300);
  return new UserError(
    'command-failed',
    `${title} failed with ${status === undefined ? 'a signal' : `status ${status}`}: ${reason}`,
  );
}

/** A node always has a root certificate; a lab or a damaged node may not, and then it is its own cluster. */
function clusterIdentity(status: ClusterStatus, files: ClusterFiles): { fingerprint: string; note?: string } {
  if (files.rootFingerprint !== undefined) return { fingerprint: files.rootFingerprint };
  return {
    fingerprint: createHash('sha256').update(`node ${status.localNode}\n`).digest('hex'),
    note: `there is no /etc/pve/pve-root-ca.pem; guests are told apart by the name of the node, ${status.localNode}`,
  };
}

/** What a clock shows while something takes its time is right anywhere in between; it tells whole seconds. */
function aheadOf({ from, to }: Span, clock: number): number {
  if (clock > to) return clock - to;
  return Math.min(0, clock + 1000 - from);
}

interface GuestSources {
  readonly file: ConfigFile | undefined;
  readonly files: ClusterFiles;
  readonly fingerprint: string;
}

function guestOf(resource: ResourceGuest, { file, files, fingerprint }: GuestSources): Guest {
  const { ref } = resource;
  const config = parseGuestConfig(ref.type, file?.text ?? '');
  const name = config.name ?? resource.name;
  const lock = config.lock ?? resource.lock;
  return {
    ref,
    node: file?.node ?? resource.node,
    status: resource.status,
    ...(name === undefined ? {} : { name }),
    template: config.template || resource.template,
    ...(resource.pool === undefined ? {} : { pool: resource.pool }),
    tags: file === undefined ? resource.tags : config.tags,
    ...(lock === undefined ? {} : { lock }),
    identity: lineIdentity(fingerprint, ref, machineOf(ref.type, config)),
    volumes: [...config.volumes, ...config.unusedVolumes],
    ...memberships(ref, config, files),
    ...reachesNode(ref, file),
  };
}

function reachesNode({ type }: GuestRef, file: ConfigFile | undefined): Pick<Guest, 'hostAccess'> {
  const lines = file === undefined ? [] : hostAccess({ type, text: file.text, from: 'node' });
  return lines.length === 0 ? {} : { hostAccess: lines.map(({ line }) => line) };
}

function memberships(ref: GuestRef, { values }: GuestConfig, files: ClusterFiles): Partial<Guest> {
  const bridges = guestBridges(values);
  const ha = files.ha.get(formatGuestRef(ref));
  const replication = files.replication.get(ref.vmid);
  return {
    ...(parsePveBoolean(values.get('protection')) === true ? { protection: true } : {}),
    ...(bridges.length === 0 ? {} : { bridges }),
    ...(ha === undefined ? {} : { ha }),
    ...(replication === undefined ? {} : { replication }),
  };
}

function withBridges(node: NodeFacts, bridges: readonly string[] | undefined): NodeFacts {
  return bridges === undefined ? node : { ...node, bridges };
}

/** Nodes that own guests but that the cluster does not list: they were removed, or never joined. */
function unlistedNodes(guests: readonly Guest[], status: ClusterStatus): NodeFacts[] {
  const listed = new Set(status.nodes.map(({ name }) => name));
  const owners = new Set(guests.map(({ node }) => node));
  return [...owners].filter((name) => !listed.has(name)).map((name) => ({ name, online: false }));
}
