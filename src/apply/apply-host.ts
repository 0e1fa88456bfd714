import type { VzdumpRequest } from '../pve/commands.ts';
import type { NodeName } from '../pve/guest.ts';
import type { Shell } from '../transport/shell.ts';

/** A host entry as applying sees it: a way in, and how things are done there. */
export interface ApplyHost {
  readonly name: string;
  /** What the repository knows it by. */
  readonly id: string;
  /**
   * Opens a way to one node of the host's cluster.
   * @throws UserError `host-unreachable`, `host-key`, `login-refused`
   */
  openNode(node: NodeName, signal: AbortSignal): Promise<Shell>;
  /** Whether `openNode` can reach every node of the cluster, not just the one that answers. */
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
