import { createHash } from 'node:crypto';
import {
  type GuestRef,
  type GuestType,
  type NodeName,
  parseNodeName,
  parseVmid,
  type Vmid,
} from './guest.ts';
import { haMemberships } from './ha-memberships.ts';
import type { HaMembership, ReplicationJob } from './inventory.ts';
import { parseNodeBridges } from './node-bridges.ts';
import { replicationJobs } from './replication-jobs.ts';

/**
 * Everything wanted from /etc/pve in one command, since each costs a round trip and pvesh a second for each guest.
 * First the cluster's root certificate, then the node's clock, all guests' configurations of all nodes, high availability, replication
 * and the asked node's network, every line with its file's name before it. Ends with status 3 where there is no
 * /etc/pve.
 */
export const clusterFilesCommand: readonly string[] = [
  'sh',
  '-c',
  [
    'cd /etc/pve || exit 3',
    'cat pve-root-ca.pem 2>/dev/null; echo; echo "clock:$(date +%s)"',
    // With no guest at all the pattern stays a pattern, which grep is told not to mention.
    'LC_ALL=C grep -asH "" nodes/*/qemu-server/*.conf nodes/*/lxc/*.conf ha/resources.cfg replication.cfg' +
      ' /etc/network/interfaces /etc/network/interfaces.d/*',
    'exit 0',
  ].join('\n'),
];

export interface ClusterFiles {
  /** SHA-256 of the root certificate (DER), lower-case hex; undefined when there was none. */
  readonly rootFingerprint: string | undefined;
  /** What the asked node's clock showed, milliseconds since 1970; undefined when it did not tell. */
  readonly clock: number | undefined;
  readonly configs: readonly ConfigFile[];
  /** By guest, `qemu/101`. */
  readonly ha: ReadonlyMap<string, HaMembership>;
  readonly replication: ReadonlyMap<Vmid, readonly ReplicationJob[]>;
  /** Bridges of the node that was asked; undefined when its network configuration could not be read. */
  readonly localBridges: readonly string[] | undefined;
}

export interface ConfigFile {
  readonly ref: GuestRef;
  readonly node: NodeName;
  readonly text: string;
}

/** Parses what `clusterFilesCommand` printed. Lines of no known file are passed over. */
export function parseClusterFiles(output: string): ClusterFiles {
  const files = splitFiles(output);
  const network = [...files].filter(([path]) => path.startsWith('/etc/network/')).map(([, text]) => text);
  return {
    rootFingerprint: rootFingerprint(output),
    clock: clockOf(output),
    configs: [...files].flatMap(([path, text]) => configFile(path, text) ?? []),
    ha: haMemberships(files.get('ha/resources.cfg') ?? ''),
    replication: replicationJobs(files.get('replication.cfg') ?? ''),
    localBridges: network.length === 0 ? undefined : parseNodeBridges(network.join('\n')),
  };
}

const knownFile =
  /^(nodes\/[^/:]+\/(?:qemu-server|lxc)\/\d+\.conf|ha\/resources\.cfg|replication\.cfg|\/etc\/network\/interfaces(?:\.d\/[^/:]+)?):(.*)$/s;

function splitFiles(output: string): ReadonlyMap<string, string> {
  const files = new Map<string, string[]>();
  for (const line of output.split('\n')) {
    const [, path, content] = knownFile.exec(line) ?? [];
    if (path === undefined || content === undefined) continue;
    const lines = files.get(path);
    if (lines === undefined) files.set(path, [content]);
    else lines.push(content);
  }
  return new Map([...files].map(([path, lines]) => [path, lines.join('\n')]));
}

function rootFingerprint(output: string): string | undefined {
  const [, base64] =
    /^-----BEGIN CERTIFICATE-----\n([A-Za-z0-9+/=\s]+?)-----END CERTIFICATE-----/.exec(output) ?? [];
  return base64 === undefined
    ? undefined
    : createHash('sha256').update(Buffer.from(base64, 'base64')).digest('hex');
}

/** Lines of files have the file's name before them. */
function clockOf(output: string): number | undefined {
  const [, seconds] = /^clock:(\d{1,11})$/m.exec(output) ?? [];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}

function configFile(path: string, text: string): ConfigFile | undefined {
  const [, node, folder, file = ''] = path.split('/');
  const name = parseNodeName(node);
  const vmid = parseVmid(file.replace('.conf', ''));
  const type: GuestType = folder === 'lxc' ? 'lxc' : 'qemu';
  return name === undefined || vmid === undefined ? undefined : { ref: { type, vmid }, node: name, text };
}
