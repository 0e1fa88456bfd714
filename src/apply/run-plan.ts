import type { GuestSnapshot } from '../plan/facts.ts';
import type { Plan } from '../plan/plan.ts';
import type { NodeAction as Action } from '../plan/planned-actions.ts';
import { formatGuestRef, type NodeName } from '../pve/guest.ts';
import type { Inventory } from '../pve/inventory.ts';
import type { ClaimHolder } from '../pve/wrapper/claim-script.ts';
import { type Repository, type RepositorySession, withSession } from '../repository/repository.ts';
import type { ApplyEvent, ItemId, ItemLabel, ItemOutcome } from './apply-event.ts';
import type { PlannedHost } from './apply-host.ts';
import { declarePolicies } from './declare-policies.ts';
import { failedOutcome } from './failed-outcome.ts';
import type { Attempt, NodeJob, RunFacts } from './node-job.ts';
import { NodeTurns } from './node-turns.ts';
import { hostOf, idOf, labelOf, nodeOf } from './planned-item.ts';
import { RestoreSequence } from './restore-sequence.ts';
import { runAdopts } from './run-adopts.ts';
import { type RecheckForgets, runForgets } from './run-forgets.ts';
import { runPrunes } from './run-prunes.ts';
import { type ProveSnapshots, runVerifies } from './run-verifies.ts';
import { NodeThreads } from './thread/node-threads.ts';

/** Everything that carrying out a plan may touch. */
export interface ApplyPorts {
  readonly hosts: ReadonlyMap<string, PlannedHost>;
  readonly inventories: ReadonlyMap<string, Inventory>;
  readonly repositories: ReadonlyMap<string, Repository>;
  readonly facts: RunFacts;
  /** The snapshots of guests in each repository that were known when the plan was made. */
  readonly known: ReadonlyMap<string, readonly GuestSnapshot[]>;
  readonly prove: ProveSnapshots;
  readonly recheck: RecheckForgets;
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
 * Carries out a plan. Lines are joined first. Then one action at a time on each node, as many nodes at once as `parallel` says, each in
 * a thread of its own; on a node its own configuration comes before backups, and those before restores, which keep to their order across nodes. Then backups are verified; forgetting and pruning come last. What fails does not stop the others. When aborted, what has not begun is skipped.
 * @throws UserError when a repository can't be locked or read; nothing was begun then
 */
export async function runPlan(
  plan: Plan,
  ports: ApplyPorts,
  options: ApplyOptions,
): Promise<readonly ItemResult[]> {
  const results = await runActions(plan, ports, options);
  const after = { ...ports, signal: options.signal };
  const proofs = await runVerifies(plan.verifies, results, after);
  const known = [...results, ...proofs];
  const forgotten = await runForgets(plan.forgets, known, after);
  return [...known, ...forgotten, ...(await runPrunes(plan.prunes, after))];
}

/** All that is done on nodes, and the lines that are joined before. */
async function runActions(
  plan: Plan,
  ports: ApplyPorts,
  options: ApplyOptions,
): Promise<readonly ItemResult[]> {
  const actions: readonly Action[] = [...plan.nodeConfigs.due, ...plan.backups, ...plan.restores];
  await using threads = new NodeThreads(ports.facts, options.signal);
  beginSome(actions, { ports, threads, parallel: options.parallel });
  const declarations = plan.declarations ?? [];
  const names = [
    ...new Set([...declarations, ...plan.adopts, ...actions].map(({ repository }) => repository)),
  ];
  return await withSessions(names, { ports, signal: options.signal }, new Map(), async (sessions) => {
    const { facts, emit } = ports;
    await declarePolicies(declarations, sessions, facts);
    const adopted = await runAdopts(plan.adopts, { sessions, facts, emit, signal: options.signal });
    const turns = new NodeTurns(options.parallel);
    const context = { ports, sessions, threads, turns, signal: options.signal };
    const sequence = new RestoreSequence(plan.restores);
    const runInOrder = (action: Action) =>
      action.kind === 'restore'
        ? sequence.run(action, () => runItem(action, context))
        : runItem(action, context);
    return [...adopted, ...(await Promise.all(actions.map(runInOrder)))];
  });
}

/** Begins the threads of the nodes that come first, for it takes time, and so do the repositories' locks. */
function beginSome(
  actions: readonly Action[],
  {
    ports,
    threads,
    parallel,
  }: { readonly ports: ApplyPorts; readonly threads: NodeThreads; readonly parallel: number },
): void {
  const ofNodes = Map.groupBy(actions, (action) => nodeKey(action, nodeOf(action), ports));
  for (const [action] of [...ofNodes.values()].slice(0, parallel)) {
    if (action === undefined) continue;
    const host = ports.hosts.get(hostOf(action));
    // What is wrong with the way is told when it is used.
    if (host !== undefined) threads.get(host, nodeOf(action)).catch(() => undefined);
  }
}

interface RunContext {
  readonly ports: ApplyPorts;
  readonly sessions: ReadonlyMap<string, RepositorySession>;
  readonly threads: NodeThreads;
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

/**
 * A guest that has moved since it was planned waits for its new node's turn; one that keeps moving is given up. One that
 * another run is at comes once more after the others of its node.
 */
async function runWhereItIs(action: Action, context: RunContext, begin: () => void): Promise<ItemOutcome> {
  let node = nodeOf(action);
  let moves = 0;
  for (let wasBusy = false; ; ) {
    const attempt = await context.turns.run(nodeKey(action, node, context.ports), () =>
      runOnNode(action, node, context, begin),
    );
    switch (attempt.kind) {
      case 'moved':
        if (++moves > MOST_MOVES)
          return { kind: 'skipped', reason: 'the guest keeps moving from node to node' };
        node = attempt.to;
        break;
      case 'busy':
        if (wasBusy) return { kind: 'skipped', reason: busyText(attempt.by) };
        wasBusy = true;
        break;
      default:
        return attempt;
    }
  }
}

function busyText(by: ClaimHolder | undefined): string {
  if (by === undefined) return 'is being backed up by another run';
  return `is being backed up by process ${by.pid} on ${by.hostname} (run ${by.run}) since ${by.since}`;
}

const MOST_MOVES = 3;

async function runOnNode(
  action: Action,
  node: NodeName,
  context: RunContext,
  begin: () => void,
): Promise<Attempt> {
  const { ports, sessions, threads, signal } = context;
  if (signal.aborted) return { kind: 'skipped', reason: 'interrupted before it began' };
  if (isTooLate(action)) return { kind: 'skipped', reason: 'the hours in which it may begin are over' };
  begin();
  const host = ports.hosts.get(hostOf(action));
  if (host === undefined) throw new Error('the plan names a host that the site does not have');
  const store = sessions.get(action.repository);
  if (store === undefined) throw new Error(`the repository ${action.repository} is not open`);
  const item = idOf(action);
  try {
    const thread = await threads.get(host, node);
    return await thread.run(jobOf(action, ports), {
      store,
      onProgress: (progress) => ports.emit({ kind: 'item-progress', item, progress }),
      onRetry: (retry) => ports.emit({ kind: 'item-retrying', item, ...retry }),
      onWaiting: () => ports.emit({ kind: 'item-waiting', item, what: 'vzdump-lock' }),
    });
  } catch (error) {
    return failedOutcome(error, signal.aborted);
  }
}

/** The window of its policies has closed while it waited for its turn. */
function isTooLate(action: Action): boolean {
  return action.kind === 'backup' && action.notAfter !== undefined && Date.now() >= action.notAfter;
}

function jobOf(action: Action, { inventories, repositories, known }: ApplyPorts): NodeJob {
  const inventory = inventories.get(hostOf(action));
  if (inventory === undefined) throw new Error(`${idOf(action)} is planned, but there is no inventory`);
  const { version, clusterFingerprint } = inventory;
  const facts = { version, clusterFingerprint };
  if (action.kind === 'restore') return { kind: 'restore', action, inventory: facts };
  if (action.kind === 'node-config') return { kind: 'node-config', action, inventory: facts };
  const name = formatGuestRef(action.guest.ref);
  const guest = inventory.guests.find(({ ref }) => formatGuestRef(ref) === name);
  if (guest === undefined) throw new Error(`${name} is planned, but in no inventory`);
  const repository = repositories.get(action.repository)?.config.id ?? '';
  const snapshots = known.get(action.repository) ?? [];
  const ofLine = snapshots.filter(({ line }) => line === action.identity.line);
  const ids = ofLine.flatMap(({ id, original }) => (original === undefined ? [id] : [id, original]));
  return { kind: 'backup', action, inventory: facts, guest, claim: { repository, known: ids } };
}

/** The same for all host entries that lead into one cluster. */
function nodeKey(action: Action, node: NodeName, { inventories }: ApplyPorts): string {
  return `${inventories.get(hostOf(action))?.clusterFingerprint ?? hostOf(action)}/${node}`;
}
