import type { NodeConfigAction } from '../plan/node-config-plan.ts';
import type { BackupAction, RestoreAction } from '../plan/plan.ts';
import { formatGuestRef, type NodeName } from '../pve/guest.ts';
import type { Guest, Inventory } from '../pve/inventory.ts';
import type { Store } from '../repository/store.ts';
import type { Shell } from '../transport/shell.ts';
import type { ItemOutcome, Progress } from './apply-event.ts';
import type { ApplyHost } from './apply-host.ts';
import { backupGuest } from './backup-guest.ts';
import { backupNodeConfig } from './backup-node-config.ts';
import { failedOutcome } from './failed-outcome.ts';
import type { KeptShell } from './kept-shell.ts';
import { type BrokenDump, leftByDump } from './left-by-dump.ts';
import { lookUpGuest } from './look-up-guest.ts';
import { restoreGuest } from './restore-guest.ts';

type InventoryFacts = Pick<Inventory, 'version' | 'clusterFingerprint'>;

/** An action of the plan with what the inventory knows of it, as plain data. */
export type NodeJob =
  | { readonly kind: 'node-config'; readonly action: NodeConfigAction; readonly inventory: InventoryFacts }
  | {
      readonly kind: 'backup';
      readonly action: BackupAction;
      readonly inventory: InventoryFacts;
      readonly guest: Guest;
    }
  | { readonly kind: 'restore'; readonly action: RestoreAction };

/** What all jobs of a run share, as plain data. */
export interface RunFacts {
  /** Names the run; the tag `run=` of each snapshot it makes. */
  readonly run: string;
  readonly programVersion: string;
  readonly temporaryFolder: string;
  /** The site's UTC offset, east positive. */
  readonly offsetMinutes: number;
}

export interface NodeTools {
  readonly host: ApplyHost;
  readonly node: NodeName;
  /** The way to the node. */
  readonly shell: KeptShell;
  readonly store: Store;
  readonly facts: RunFacts;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  readonly onProgress: (progress: Progress) => void;
  /** The node's vzdump lock is waited for. */
  readonly onWaiting: () => void;
  readonly signal: AbortSignal;
}

export type Attempt = ItemOutcome | { readonly kind: 'moved'; readonly to: NodeName };

/** Does one job on one node. Never throws: what goes wrong is the outcome, with what is left on the node. */
export async function doNodeJob(job: NodeJob, tools: NodeTools): Promise<Attempt> {
  const { host, node, signal } = tools;
  let shell: Shell | undefined;
  let broken: BrokenDump | undefined;
  try {
    shell = await tools.shell.get();
    return await carryOut(job, { ...tools, shell }, (dump) => {
      broken = dump;
    });
  } catch (error) {
    const outcome = failedOutcome(error, signal.aborted);
    const left = broken && shell ? await leftByDump(broken, { host, node, shell }) : outcome.left;
    if (outcome.kind === 'unreachable' && shell !== undefined) await tools.shell.drop();
    return { ...outcome, left };
  }
}

interface OnNode extends Omit<NodeTools, 'shell'> {
  readonly shell: Shell;
}

async function carryOut(job: NodeJob, tools: OnNode, onBroken: (dump: BrokenDump) => void): Promise<Attempt> {
  const context = { ...tools, ...tools.facts, signal: AbortSignal.any([tools.signal, tools.store.signal]) };
  switch (job.kind) {
    case 'node-config':
      return {
        kind: 'config-kept',
        report: await backupNodeConfig(job.action, { ...context, inventory: job.inventory }),
      };
    case 'backup':
      return backUp(job, tools, (action) =>
        backupGuest(action, { ...context, inventory: job.inventory, guest: job.guest, onBroken }),
      );
    case 'restore': {
      const { replaces, snapshot, to } = job.action;
      const request = { snapshot: snapshot.id, guest: snapshot.guest, to, replace: replaces !== undefined };
      return { kind: 'restored', report: await restoreGuest(request, context) };
    }
  }
}

async function backUp(
  { action, inventory }: Extract<NodeJob, { kind: 'backup' }>,
  { shell, node, host, signal }: OnNode,
  backup: (action: BackupAction) => ReturnType<typeof backupGuest>,
): Promise<Attempt> {
  const { identity } = action;
  const { clusterFingerprint } = inventory;
  const at = await lookUpGuest(shell, { ref: action.guest.ref, identity, clusterFingerprint }, signal);
  if (at !== node) return host.reachesAllNodes ? { kind: 'moved', to: at } : movedAway(action, at);
  return { kind: 'backed-up', report: await backup({ ...action, guest: { ...action.guest, node } }) };
}

function movedAway(action: BackupAction, to: NodeName): ItemOutcome {
  const reason = `${formatGuestRef(action.guest.ref)} has moved to node ${to}, which this host entry does not reach`;
  return {
    kind: 'failed',
    code: 'guest',
    reason,
    hint: 'a host entry with `mode: remote` reaches all nodes of its cluster',
    left: [],
  };
}
