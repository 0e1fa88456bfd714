import type { BackupAction, Plan, RestoreAction } from '../plan/plan.ts';
import { formatGuestRef } from '../pve/guest.ts';
import type { Inventory } from '../pve/inventory.ts';
import { type Repository, type RepositorySession, withSession } from '../repository/repository.ts';
import type { Shell } from '../transport/shell.ts';
import { UserError } from '../user-error.ts';
import { type ApplyEvent, type ItemId, type ItemLabel, type ItemOutcome, itemId } from './apply-event.ts';
import type { ApplyHost } from './apply-host.ts';
import { backupGuest } from './backup-guest.ts';
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
  /** How many hosts are worked on at once. */
  readonly parallel: number;
  readonly signal: AbortSignal;
}

export interface ItemResult {
  readonly item: ItemId;
  readonly label: ItemLabel;
  readonly outcome: ItemOutcome;
}

type Action = BackupAction | RestoreAction;

/**
 * Carries out a plan: one action at a time on each host, as many hosts at once as `parallel` says; backups before
 * restores. What fails does not stop the others. When aborted, what has not begun is skipped.
 * @throws UserError when a repository can't be locked or read; nothing was begun then
 */
export async function runPlan(
  plan: Plan,
  ports: ApplyPorts,
  options: ApplyOptions,
): Promise<readonly ItemResult[]> {
  const actions: readonly Action[] = [...plan.backups, ...plan.restores];
  const names = [...new Set(actions.map(({ repository }) => repository))];
  return withSessions(names, { ports, signal: options.signal }, new Map(), async (sessions) => {
    const lanes = [...Map.groupBy(actions, hostOf).values()];
    const results = await inLanes(lanes, options.parallel, (lane) =>
      runLane(lane, { plan, ports, sessions, signal: options.signal }),
    );
    return results.flat();
  });
}

interface LaneContext {
  readonly plan: Plan;
  readonly ports: ApplyPorts;
  readonly sessions: ReadonlyMap<string, RepositorySession>;
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

async function inLanes<L, R>(
  lanes: readonly L[],
  parallel: number,
  work: (lane: L) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = [];
  const waiting = [...lanes.entries()];
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
      results[next[0]] = await work(next[1]);
  };
  await Promise.all(Array.from({ length: Math.max(1, parallel) }, worker));
  return results;
}

async function runLane(lane: readonly Action[], context: LaneContext): Promise<readonly ItemResult[]> {
  const [first] = lane;
  const host = first === undefined ? undefined : context.ports.hosts.get(hostOf(first));
  if (host === undefined) throw new Error('the plan names a host that the site does not have');
  const results: ItemResult[] = [];
  let shell: Shell | undefined;
  try {
    for (const action of lane) {
      results.push(
        await runItem(action, context, async (item) => {
          shell ??= await host.open(context.signal);
          return runAction(action, { ...context, host, shell, item });
        }),
      );
      if (results.at(-1)?.outcome.kind === 'unreachable') {
        await shell?.[Symbol.asyncDispose]();
        shell = undefined;
      }
    }
  } finally {
    await shell?.[Symbol.asyncDispose]();
  }
  return results;
}

interface ActionContext extends LaneContext {
  readonly item: ItemId;
  readonly host: ApplyHost;
  readonly shell: Shell;
}

async function runItem(
  action: Action,
  { ports, signal }: LaneContext,
  work: (item: ItemId) => Promise<ItemOutcome>,
): Promise<ItemResult> {
  const item = idOf(action);
  const label = labelOf(action);
  ports.emit({ kind: 'item-started', item, label });
  const outcome = signal.aborted
    ? ({ kind: 'skipped', reason: 'interrupted before it began' } as const)
    : await work(item).catch((error: unknown) => failed(error, signal));
  ports.emit({ kind: 'item-ended', item, outcome });
  return { item, label, outcome };
}

async function runAction(action: Action, context: ActionContext): Promise<ItemOutcome> {
  const { ports, sessions, signal, host, shell, item } = context;
  const session = sessions.get(action.repository);
  if (session === undefined) throw new Error(`the repository ${action.repository} is not open`);
  const common = {
    session,
    host,
    shell,
    clock: ports.clock,
    signal: AbortSignal.any([signal, session.signal]),
    onProgress: (progress: Extract<ApplyEvent, { kind: 'item-progress' }>['progress']) =>
      ports.emit({ kind: 'item-progress', item: item, progress }),
  };
  if (action.kind === 'restore') {
    const { replaces, snapshot, to } = action;
    const request = { snapshot: snapshot.id, guest: snapshot.guest, to, replace: replaces !== undefined };
    return { kind: 'restored', report: await restoreGuest(request, common) };
  }
  const inventory = ports.inventories.get(action.host);
  const guest = inventory?.guests.find(({ ref }) => formatGuestRef(ref) === formatGuestRef(action.guest.ref));
  if (inventory === undefined || guest === undefined)
    throw new Error(`${formatGuestRef(action.guest.ref)} is planned, but in no inventory`);
  const { run, programVersion, temporaryFolder, offsetMinutes } = ports;
  const onWaiting = () => ports.emit({ kind: 'item-waiting', item: item, what: 'vzdump-lock' });
  return {
    kind: 'backed-up',
    report: await backupGuest(action, {
      ...common,
      inventory,
      guest,
      run,
      programVersion,
      temporaryFolder,
      offsetMinutes,
      onWaiting,
    }),
  };
}

function failed(error: unknown, signal: AbortSignal): ItemOutcome {
  if (signal.aborted)
    return { kind: 'failed', code: 'interrupted', reason: 'interrupted', hint: undefined, left: [] };
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
    return { kind: 'unreachable', reason: message, hint };
  return { kind: 'failed', code, reason: message, hint, left: [] };
}

function hostOf(action: Action): string {
  return action.kind === 'backup' ? action.host : action.to.host;
}

function idOf(action: Action): ItemId {
  if (action.kind === 'backup')
    return itemId('backup', action.repository, action.host, formatGuestRef(action.guest.ref));
  return itemId('restore', action.intent);
}

function labelOf(action: Action): ItemLabel {
  if (action.kind === 'backup')
    return { kind: 'backup', host: action.host, guest: action.guest, repository: action.repository };
  return {
    kind: 'restore',
    intent: action.intent,
    guest: formatGuestRef(action.snapshot.guest),
    host: action.to.host,
    vmid: action.to.vmid,
  };
}
