import type { NodeAction, PlannedAction } from '../plan/planned-actions.ts';
import { formatGuestRef, type NodeName } from '../pve/guest.ts';
import { type ItemId, type ItemLabel, itemId } from './apply-event.ts';

/** What an action of the plan is called among the events. */
export function idOf(action: PlannedAction): ItemId {
  switch (action.kind) {
    case 'adopt': {
      const { kind, repository, host, guest, from } = action;
      return itemId(kind, repository, host, formatGuestRef(guest.ref), from.line);
    }
    case 'backup':
      return itemId('backup', action.repository, action.host, formatGuestRef(action.guest.ref));
    case 'node-config':
      return itemId('node-config', action.repository, action.host, action.node);
    case 'restore':
      return itemId('restore', action.intent);
    case 'verify':
      return itemId('verify', action.repository, action.host, formatGuestRef(action.guest.ref));
    case 'forget': {
      const { repository, host, guest, orphan } = action;
      // Several machines may have had the vmid.
      return itemId('forget', repository, host, formatGuestRef(guest.ref), ...(orphan ? [orphan.line] : []));
    }
    case 'prune':
      return itemId('prune', action.repository);
  }
}

/** What views need to name it. */
export function labelOf(action: PlannedAction): ItemLabel {
  switch (action.kind) {
    case 'adopt':
    case 'backup':
    case 'verify': {
      const { kind, host, guest, repository } = action;
      return { kind, host, guest, repository };
    }
    case 'node-config': {
      const { kind, host, node, repository } = action;
      return { kind, host, node, repository };
    }
    case 'restore': {
      const { kind, intent, snapshot, to } = action;
      return { kind, intent, guest: formatGuestRef(snapshot.guest), host: to.host, vmid: to.vmid };
    }
    case 'forget': {
      const { kind, host, guest, repository, forget } = action;
      return { kind, host, guest, repository, snapshots: forget.length };
    }
    case 'prune':
      return { kind: 'prune', repository: action.repository };
  }
}

/** The host entry that leads to where it is done. */
export function hostOf(action: NodeAction): string {
  return action.kind === 'restore' ? action.to.host : action.host;
}

/** The node where it is done, unless its guest has moved since. */
export function nodeOf(action: NodeAction): NodeName {
  switch (action.kind) {
    case 'backup':
      return action.guest.node;
    case 'node-config':
      return action.node;
    case 'restore':
      return action.to.node;
  }
}
