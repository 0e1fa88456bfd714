import type { VzdumpRequest } from '../pve/commands.ts';
import type { NodeName } from '../pve/guest.ts';
import type { Shell } from '../transport/shell.ts';
import type { NodeWay } from './node-way.ts';

/** How things are done on the nodes of a host entry, as plain data. */
export interface HostSettings {
  readonly name: string;
  /** What the repository knows it by. */
  readonly id: string;
  /** Whether every node of the cluster can be reached, not just the one that answers. */
  readonly reachesAllNodes: boolean;
  readonly dumpDir: string;
  /**
   * After so many milliseconds in which the node sends nothing, or the repository takes nothing, a dump is ended. Below a
   * minute, the node ends a dump as well after so long without a sign of life from here. Absent: 5 minutes.
   */
  readonly stallTimeoutMs?: number;
  readonly compression: '0' | '1' | 'lzo' | 'gzip' | 'zstd';
  /** Whether a restored archive is removed from `dumpDir`. */
  readonly cleanup: boolean;
  /** Passed through to vzdump. */
  readonly vzdump: Omit<VzdumpRequest, 'vmid' | 'mode' | 'compress' | 'dumpDir' | 'node'>;
}

/** A host entry as a run sees it. */
export interface PlannedHost extends HostSettings {
  /** How one node of the cluster is reached. @throws UserError `secret` */
  wayTo(node: NodeName): Promise<NodeWay>;
}

/** A host entry as a job on one of its nodes sees it. */
export interface ApplyHost extends HostSettings {
  /**
   * Opens a way of its own to the node.
   * @throws UserError `host-unreachable`, `host-key`, `login-refused`
   */
  openNode(signal: AbortSignal): Promise<Shell>;
}
