import type { NodeName, Vmid } from '../pve/guest.ts';

/** Where a guest is restored to, and how it gets there. */
export interface RestoreDestination {
  readonly node: NodeName;
  readonly vmid: Vmid;
  readonly storage?: string;
  readonly pool?: string;
  /** New hardware addresses and, for a VM, a new uuid. */
  readonly unique: boolean;
  readonly start: boolean;
  /** Old names to new ones. */
  readonly map?: {
    readonly storage: ReadonlyMap<string, string>;
    readonly bridge: ReadonlyMap<string, string>;
  };
  /** Passed to the tool; 0 is no limit. */
  readonly bwlimitKiB?: number;
  readonly mode?: 'auto' | 'staged' | 'streamed';
}
