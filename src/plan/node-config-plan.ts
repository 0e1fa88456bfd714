import type { NodeName } from '../pve/guest.ts';
import type { NodeSnapshot } from './facts.ts';
import type { DueReason } from './plan.ts';

/** What a plan says of the nodes' own configurations (`config_backup: true`). */
export interface NodeConfigPlan {
  readonly due: readonly NodeConfigAction[];
  readonly fresh: readonly FreshNodeConfig[];
}

/** Keeps /etc/pve and /etc/network of one node. */
export interface NodeConfigAction {
  readonly kind: 'node-config';
  readonly host: string;
  readonly node: NodeName;
  readonly repository: string;
  readonly reason: DueReason;
}

export interface FreshNodeConfig {
  readonly host: string;
  readonly node: NodeName;
  readonly repository: string;
  readonly newest: NodeSnapshot;
  readonly ageMs: number;
  readonly rpoMs: number;
}
