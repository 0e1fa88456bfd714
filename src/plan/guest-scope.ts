import type { PolicySelection } from '../config/site.ts';
import type { Guest } from '../pve/inventory.ts';

/** Whether the policy's vmid, pool or all takes in a guest; include and exclude come after that. */
export function isInScope({ select }: Pick<PolicySelection, 'select'>, guest: Guest): boolean {
  switch (select.kind) {
    case 'all':
      return true;
    case 'pool':
      return isInPool(guest, select.pool);
    case 'vmid':
      return select.vmids.includes(guest.ref.vmid);
  }
}

/** As with Proxmox VE's own jobs: the members of a pool below it are members of that one only. */
export function isInPool({ pool }: Pick<Guest, 'pool'>, wanted: string): boolean {
  return pool === wanted;
}
