import type { NodeConfigAction } from '../plan/node-config-plan.ts';
import type { BackupAction, Plan, RestoreAction } from '../plan/plan.ts';
import type { PlannedAction as Action } from '../plan/planned-actions.ts';
import { formatGuestRef, type NodeName } from '../pve/guest.ts';
import type { Inventory } from '../pve/inventory.ts';
import { type Repository, type RepositorySession, withSession } from '../repository/repository.ts';
import type { Shell } from '../transport/shell.ts';
import { UserError } from '../user-error.ts';
import type { ApplyEvent, ItemId, ItemLabel, ItemOutcome, Progress } from './apply-event.ts';
import type { ApplyHost } from './apply-host.ts';
import { backupGuest } from './backup-guest.ts';
import { backupNodeConfig } from './backup-node-config.ts';
import { type BrokenDump, leftByDump } from './left-by-dump.ts';
import { lookUpGuest } from './look-up-guest.ts';
import { NodeShells } from './node-shells.ts';
import { NodeTurns } from './node-turns.ts';
import { hostOf, idOf, labelOf, nodeOf } from './planned-item.ts';
import { restoreGuest } from './restore-guest.ts';

/** Everything that carrying out a plan may touch. */
export interface ApplyPorts {
  readonly hosts: ReadonlyMap<string, ApplyHost>;
  readonly inventories: ReadonlyMap<string, Inventory>;
  readonly repositories: ReadonlyMap<string, Repository>;
  readonly clock: () => number;
  readonly offsetMinutes: number;
  readonly temporaryFolder: string;
  readonly programVersion: string;
  /** Names this run. */
  readonly run: string;
  /** Is called in order; must not throw. */
  readonly emit: (event: ApplyEvent) => void;
}

export interface ApplyOptions {
  /** How many nodes are worked on at once. */
  readonly parallel: number;
  readonly signal: AbortSignal;
}

export interface ItemResult {
  readonly item: ItemId;
  readonly label: ItemLabel;
  readonly outcome: ItemOutcome;
}

/**
 * Carries out a plan: one action at a time on each node, as many nodes at once as `parallel` says; on a node its
 * own configuration comes before backups, and those before restores. What fails does not stop the others. When aborted, what has not begun is skipped.
 * @throws UserError when a repository can't be locked or read; nothing was begun then
 */
export async function runPlan(
  plan: Plan,
  ports: ApplyPorts,
  options: ApplyOptions,
): Promise<readonly ItemResult[]> {
  const actions: readonly Action[] = [...plan.nodeConfigs.due, ...plan.backups, ...plan.restores];
  const names = [...new Set(actions.map(({ repository }) => repository))];
  return withSessions(names, { ports, signal: options.signal }, new Map(), async (sessions) => {
    const turns = new NodeTurns(options.parallel);
    await using shells = new NodeShells(options.signal);
    const context = { ports, sessions, shells, turns, signal: options.signal };
    return await Promise.all(actions.map((action) => runItem(action, context)));
  });
}

interface RunContext {
  readonly ports: ApplyPorts;
  readonly sessions: ReadonlyMap<string, RepositorySession>;
  readonly shells: NodeShells;
  readonly turns: NodeTurns;
  readonly signal: AbortSignal;
}

async function withSessions<T>(
  names: readonly string[],
  context: { readonly ports: ApplyPorts; readonly signal: AbortSignal },
  open: ReadonlyMap<string, RepositorySession>,
  work: (sessions: ReadonlyMap<string, RepositorySession>) => Promise<T>,
): Promise<T> {
  const [name, ...rest] = names;
  if (name === undefined) return work(open);
  const repository = context.ports.repositories.get(name);
  if (repository === undefined) throw new Error(`the plan names the repository ${name}, which is not open`);
  return withSession(repository, { lock: 'shared', signal: context.signal }, (session) =>
    withSessions(rest, context, new Map([...open, [name, session]]), work),
  );
}

async function runItem(action: Action, context: RunContext): Promise<ItemResult> {
  const item = idOf(action);
  const label = labelOf(action);
  let started = false;
  const begin = () => {
    if (!started) context.ports.emit({ kind: 'item-started', item, label });
    started = true;
  };
  const outcome = await runWhereItIs(action, context, begin);
  begin();
  context.ports.emit({ kind: 'item-ended', item, outcome });
  return { item, label, outcome };
}

/** A guest that has moved since it was planned waits for its new node's turn; one that keeps moving is given up. */
async function runWhereItIs(action: Action, context: RunContext, begin: () => void): Promise<ItemOutcome> {
  let node = nodeOf(action);
  for (let moves = 0; moves <= MOST_MOVES; moves++) {
    const attempt = await context.turns.run(nodeKey(action, node, context.ports), () =>
      runOnNode(action, node, context, begin),
    );
    if (attempt.kind !== 'moved') return attempt;
    node = attempt.to;
  }
  return { kind: 'skipped', reason: 'the guest keeps moving from node to node' };
}

const MOST_MOVES = 3;

type Attempt = ItemOutcome | { readonly kind: 'moved'; readonly to: NodeName };

async function runOnNode(
  action: Action,
  node: NodeName,
  context: RunContext,
  begin: () => void,
): Promise<Attempt> {
  const { ports, shells, signal } = context;
  if (signal.aborted) return { kind: 'skipped', reason: 'interrupted before it began' };
  begin();
  const host = ports.hosts.get(hostOf(action));
  if (host === undefined) throw new Error('the plan names a host that the site does not have');
  let shell: Shell | undefined;
  let broken: BrokenDump | undefined;
  const onBroken = (dump: BrokenDump) => {
    broken = dump;
  };
  try {
    shell = await shells.get(host, node);
    return await carryOut(action, { ...context, host, node, shell }, onBroken);
  } catch (error) {
    const outcome = failed(error, signal);
    const left = broken && shell ? await leftByDump(broken, { host, node, shell }) : outcome.left;
    // A way that could not be opened stays so for this run; one that broke is opened again for the next guest.
    if (outcome.kind === 'unreachable' && shell !== undefined) await shells.drop(host, node);
    return { ...outcome, left };
  }
}

interface OnNode extends RunContext {
  readonly host: ApplyHost;
  readonly node: NodeName;
  readonly shell: Shell;
}

async function carryOut(
  action: Action,
  context: OnNode,
  onBroken: (dump: BrokenDump) => void,
): Promise<Attempt> {
  switch (action.kind) {
    case 'node-config':
      return keepNodeConfig(action, context);
    case 'backup':
      return backUp(action, context, onBroken);
    case 'restore':
      return restore(action, context);
  }
}

async function keepNodeConfig(action: NodeConfigAction, context: OnNode): Promise<ItemOutcome> {
  const { run, programVersion, offsetMinutes, inventories } = context.ports;
  const inventory = inventories.get(action.host);
  if (inventory === undefined) throw new Error(`node ${action.node} is planned, but in no inventory`);
  const facts = { inventory, run, programVersion, offsetMinutes };
  return {
    kind: 'config-kept',
    report: await backupNodeConfig(action, { ...toolsFor(action, context), ...facts }),
  };
}

async function backUp(
  action: BackupAction,
  context: OnNode,
  onBroken: (dump: BrokenDump) => void,
): Promise<Attempt> {
  const { ports, shell, node, host } = context;
  const inventory = ports.inventories.get(action.host);
  const guest = inventory?.guests.find(({ ref }) => formatGuestRef(ref) === formatGuestRef(action.guest.ref));
  if (inventory === undefined || guest === undefined)
    throw new Error(`${formatGuestRef(action.guest.ref)} is planned, but in no inventory`);
  const { ref, identity } = { ref: action.guest.ref, identity: action.identity };
  const at = await lookUpGuest(
    shell,
    { ref, identity, clusterFingerprint: inventory.clusterFingerprint },
    context.signal,
  );
  if (at !== node) return host.reachesAllNodes ? { kind: 'moved', to: at } : movedAway(action, at);
  const { run, programVersion, temporaryFolder, offsetMinutes } = ports;
  const onWaiting = () => ports.emit({ kind: 'item-waiting', item: idOf(action), what: 'vzdump-lock' });
  const report = await backupGuest(
    { ...action, guest: { ...action.guest, node } },
    {
      ...toolsFor(action, context),
      inventory,
      guest,
      run,
      programVersion,
      temporaryFolder,
      offsetMinutes,
      onWaiting,
      onBroken,
    },
  );
  return { kind: 'backed-up', report };
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

async function restore(action: RestoreAction, context: OnNode): Promise<ItemOutcome> {
  const { replaces, snapshot, to } = action;
  const request = { snapshot: snapshot.id, guest: snapshot.guest, to, replace: replaces !== undefined };
  return { kind: 'restored', report: await restoreGuest(request, toolsFor(action, context)) };
}

function toolsFor(action: Action, { ports, sessions, host, shell, signal }: OnNode) {
  const session = sessions.get(action.repository);
  if (session === undefined) throw new Error(`the repository ${action.repository} is not open`);
  const onProgress = (progress: Progress) =>
    ports.emit({ kind: 'item-progress', item: idOf(action), progress });
  return {
    store: session,
    host,
    shell,
    clock: ports.clock,
    signal: AbortSignal.any([signal, session.signal]),
    onProgress,
  };
}

type Failure = Extract<ItemOutcome, { readonly kind: 'failed' | 'unreachable' }>;

function failed(error: unknown, signal: AbortSignal): Failure {
  if (signal.aborted) return interrupted(error);
  if (!(error instanceof UserError)) {
    return {
      kind: 'failed',
      code: 'bug',
      reason: error instanceof Error ? (error.stack ?? error.message) : String(error),
      hint: 'this is a bug of pvebak; please report it',
      left: [],
    };
  }
  const { code, message, hint } = error;
  if (code === 'host-unreachable' || code === 'host-key' || code === 'login-refused')
    return { kind: 'unreachable', reason: message, hint, left: [] };
  return { kind: 'failed', code, reason: message, hint, left: [] };
}

/** What was interrupted after it had touched its target says what state that is in. */
function interrupted(error: unknown): Failure {
  const says = error instanceof UserError && error.code === 'interrupted' ? error : undefined;
  return {
    kind: 'failed',
    code: 'interrupted',
    reason: says?.message ?? 'interrupted',
    hint: says?.hint,
    left: [],
  };
}

/** The same for all host entries that lead into one cluster. */
function nodeKey(action: Action, node: NodeName, { inventories }: ApplyPorts): string {
  return `${inventories.get(hostOf(action))?.clusterFingerprint ?? hostOf(action)}/${node}`;
}
