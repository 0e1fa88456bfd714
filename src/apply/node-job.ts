import type { NodeConfigAction } from '../plan/node-config-plan.ts';
import type { BackupAction, RestoreAction } from '../plan/plan.ts';
import { formatGuestRef, type NodeName } from '../pve/guest.ts';
import type { Guest, Inventory } from '../pve/inventory.ts';
import type { ClaimHolder } from '../pve/wrapper/claim-script.ts';
import type { Store } from '../repository/store.ts';
import { formatRfc3339 } from '../snapshot/rfc3339.ts';
import type { Shell } from '../transport/shell.ts';
import { pause, pauseAfter, type Retry } from '../transport/with-retries.ts';
import { UserError } from '../user-error.ts';
import type { ItemOutcome, Progress } from './apply-event.ts';
import type { ApplyHost } from './apply-host.ts';
import { backupGuest } from './backup-guest.ts';
import { backupNodeConfig } from './backup-node-config.ts';
import { failedOutcome } from './failed-outcome.ts';
import { withClaim } from './guest-claim.ts';
import type { KeptShell } from './kept-shell.ts';
import { type BrokenDump, leftByDump } from './left-by-dump.ts';
import { lookUpGuest } from './look-up-guest.ts';
import { newerBackup } from './newer-backup.ts';
import { restoreAndRecord } from './restore-and-record.ts';
import { heartbeatFor } from './run-dump.ts';
import { unlockGuest } from './unlock-guest.ts';

type InventoryFacts = Pick<Inventory, 'version' | 'clusterFingerprint'>;

/** An action of the plan with what the inventory knows of it, as plain data. */
export type NodeJob =
  | { readonly kind: 'node-config'; readonly action: NodeConfigAction; readonly inventory: InventoryFacts }
  | {
      readonly kind: 'backup';
      readonly action: BackupAction;
      readonly inventory: InventoryFacts;
      readonly guest: Guest;
      readonly claim: ClaimFacts;
    }
  | { readonly kind: 'restore'; readonly action: RestoreAction; readonly inventory: InventoryFacts };

/** What keeps two runs from dumping one guest. */
export interface ClaimFacts {
  /** The id of the repository. */
  readonly repository: string;
  /** Ids of the snapshots of the guest's line that were known when the plan was made. */
  readonly known: readonly string[];
}

/** What all jobs of a run share, as plain data. */
export interface RunFacts {
  /** Names the run; the tag `run=` of each snapshot it makes. */
  readonly run: string;
  /** The machine and the process that it runs in. */
  readonly runner: { readonly hostname: string; readonly pid: number };
  readonly programVersion: string;
  readonly temporaryFolder: string;
  /** The site's UTC offset, east positive. */
  readonly offsetMinutes: number;
  /** Of programs that are started on this machine: without the secrets that may be in its own. */
  readonly environment: Readonly<Record<string, string | undefined>>;
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
  /** The connection is made anew. */
  readonly onRetry: (retry: Retry) => void;
  readonly signal: AbortSignal;
}

export type Attempt =
  | ItemOutcome
  | { readonly kind: 'moved'; readonly to: NodeName }
  /** Another run is at it. */
  | { readonly kind: 'busy'; readonly by: ClaimHolder | undefined };

/**
 * Does one job on one node, and does it again when the connection is lost before anything was changed there: of a dump,
 * before a byte of it came, once the node is as it was. Never throws: what goes wrong is the outcome, with what is left on the node.
 */
export async function doNodeJob(job: NodeJob, tools: NodeTools): Promise<Attempt> {
  const { shell, onRetry, signal } = tools;
  const begun = performance.now();
  for (let tries = 0; ; tries++) {
    const { attempt, lost } = await tryNodeJob(job, tools);
    if (lost !== undefined) await shell.drop();
    const elapsedMs = performance.now() - begun;
    const pauseMs = lost?.asItWas === true ? pauseAfter(lost.error, { tries, elapsedMs }) : undefined;
    if (pauseMs === undefined || signal.aborted) return attempt;
    onRetry({ reason: lost?.error.message ?? '', pauseMs });
    try {
      await pause(pauseMs, signal);
    } catch (error) {
      return failedOutcome(error, true);
    }
  }
}

interface TriedJob {
  readonly attempt: Attempt;
  /** Set when the connection was lost; whether the node is as it was before. */
  readonly lost?: { readonly error: UserError; readonly asItWas: boolean };
}

async function tryNodeJob(job: NodeJob, tools: NodeTools): Promise<TriedJob> {
  const { host, node, signal } = tools;
  let shell: Shell | undefined;
  let broken: BrokenDump | undefined;
  try {
    shell = await tools.shell.get();
    const attempt = await carryOut(job, { ...tools, shell }, (dump) => {
      broken = dump;
    });
    return { attempt };
  } catch (error) {
    const outcome = failedOutcome(error, signal.aborted);
    const left = broken && shell ? await leftByDump(broken, { host, node, shell }) : outcome.left;
    const attempt = { ...outcome, left };
    if (shell === undefined || outcome.kind !== 'unreachable' || !(error instanceof UserError))
      return { attempt };
    const untouched = job.kind !== 'restore' && (broken === undefined || broken.streamBytes === 0);
    return { attempt, lost: { error, asItWas: untouched && left.length === 0 } };
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
      return backUp(job, { ...tools, signal: context.signal }, (action) =>
        backupGuest(action, { ...context, inventory: job.inventory, guest: job.guest, onBroken }),
      );
    case 'restore': {
      const { clusterFingerprint } = job.inventory;
      return {
        kind: 'restored',
        report: await restoreAndRecord(job.action, { ...context, clusterFingerprint }),
      };
    }
  }
}

async function backUp(
  { action, inventory, claim }: Extract<NodeJob, { kind: 'backup' }>,
  tools: OnNode,
  backup: (action: BackupAction) => ReturnType<typeof backupGuest>,
): Promise<Attempt> {
  const { shell, node, host, signal, store, facts } = tools;
  const { identity } = action;
  const { clusterFingerprint } = inventory;
  const at = await lookUpGuest(shell, { ref: action.guest.ref, identity, clusterFingerprint }, signal);
  if (at !== node) return host.reachesAllNodes ? { kind: 'moved', to: at } : movedAway(action, at);
  return withClaim<Attempt>(shell, {
    repository: claim.repository,
    guest: action.guest.ref,
    holder: { run: facts.run, ...facts.runner, since: sinceNow(tools) },
    ...heartbeatFor(host.stallTimeoutMs),
    signal,
    busy: ({ by }) => ({ kind: 'busy', by }),
    claimed: async () => {
      const now = await store.taggedSnapshots(`guest=${identity.line}`);
      const newer = newerBackup(now, { ...claim, newestAt: action.newest?.time, run: facts.run });
      if (newer !== undefined) return { kind: 'already-backed-up', snapshot: newer.id };
      if (action.unlocks)
        await unlockGuest(shell, { guest: action.guest.ref, dumpDir: host.dumpDir }, signal);
      return { kind: 'backed-up', report: await backup({ ...action, guest: { ...action.guest, node } }) };
    },
  });
}

function sinceNow({ clock, facts }: OnNode): string {
  return formatRfc3339(Math.floor(clock() / 1000) * 1000, facts.offsetMinutes).replace('.000', '');
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
