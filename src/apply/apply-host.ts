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
  readonly compression: '0' | '1' | 'lzo' | 'gzip' | 'zstd';
  /** Whether a restored archive is removed from `dumpDir`. */
  readonly cleanup: boolean;
  /** Passed through to vzdump. */
  readonly vzdump: Omit<VzdumpRequest, 'vmid' | 'mode' | 'compress' | 'dumpDir' | 'node'>;
}
