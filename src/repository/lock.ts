import { setTimeout as wait } from 'node:timers/promises';
import { UserError } from '../user-error.ts';
import type { Backend } from './backend.ts';
import { damaged } from './damaged-error.ts';
import type { MasterKey } from './encryption.ts';
import { isFileFault } from './file-fault.ts';
import { openUnpacked, saveUnpacked } from './unpacked-file.ts';

/**
 * Locks (restic's design document, "Locks"):
 *
 * | kind | while | beside a shared one | beside an exclusive one |
 * | --- | --- | --- | --- |
 * | shared | reading or adding | yes | no |
 * | exclusive | removing or changing | no | no |
 *
 * After creating one: wait 200 ms, list again, give way if a conflicting one is there. Refreshed every 5 minutes
 * (new file, then the old one removed). Stale after 30 minutes, or when its process is gone from this machine.
 */
export type LockKind = 'shared' | 'exclusive';

export interface Lock {
  readonly time: string;
  readonly exclusive: boolean;
  readonly hostname: string;
  readonly username: string;
  readonly pid: number;
}

/** Who we are, for locks; `isRunning` tells whether a pid is alive on this machine. */
export interface LockOwner {
  readonly hostname: string;
  readonly username: string;
  readonly pid: number;
  readonly isRunning: (pid: number) => boolean;
}

const SETTLE_MS = 200;
const AGAIN_MS = 700;
const REFRESH_MS = 5 * 60_000;
const STALE_MS = 30 * 60_000;
/** Without a refresh for so long others may soon take the lock for stale: the work must have ended by then. */
const LOST_MS = 25 * 60_000;

export interface LockContext {
  readonly backend: Backend;
  readonly key: MasterKey;
  readonly compress: boolean;
  readonly owner: LockOwner;
  /** How long it is tried, in milliseconds, while somebody else's lock is in the way; by default once. */
  readonly patienceMs?: number | undefined;
}

/**
 * Holds a lock while `work` runs and removes it afterwards, whatever happened.
 * The signal lent to `work` is aborted when the lock could not be refreshed in time.
 * @param signal ends waiting for it
 * @throws UserError `repository-locked`; the signal's reason
 */
export async function withLock<T>(
  context: LockContext,
  kind: LockKind,
  work: (signal: AbortSignal) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const held = await HeldLock.acquireInTime(context, kind, signal);
  let result: T;
  try {
    result = await work(held.signal);
  } catch (error) {
    // Why the work failed says more than that the lock stays, which is stale as soon as this process is gone.
    await held.release().catch(() => undefined);
    throw error;
  }
  await held.release();
  return result;
}

export function isStale(lock: Lock, owner: LockOwner, now: number): boolean {
  const gone = lock.hostname === owner.hostname && lock.pid !== owner.pid && !owner.isRunning(lock.pid);
  return gone || now - Date.parse(lock.time) > STALE_MS;
}

class HeldLock {
  readonly #context: LockContext;
  readonly #kind: LockKind;
  readonly #lost = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #name: string;
  #refreshedAt = Date.now();
  #refreshing: Promise<void> = Promise.resolve();

  /** Two that give way to each other try again at different times. */
  static async acquireInTime(context: LockContext, kind: LockKind, signal?: AbortSignal): Promise<HeldLock> {
    const until = performance.now() + (context.patienceMs ?? 0);
    for (;;) {
      try {
        return await HeldLock.acquire(context, kind);
      } catch (error) {
        const isInTheWay = error instanceof UserError && error.code === 'repository-locked';
        if (!isInTheWay || performance.now() >= until) throw error;
      }
      await wait(AGAIN_MS * (0.5 + Math.random()), undefined, { signal }).catch(() =>
        signal?.throwIfAborted(),
      );
    }
  }

  static async acquire(context: LockContext, kind: LockKind): Promise<HeldLock> {
    await refuseConflict(context, kind, undefined);
    const name = await createLock(context, kind);
    try {
      await wait(SETTLE_MS);
      await refuseConflict(context, kind, name);
    } catch (error) {
      await context.backend.remove({ type: 'locks', name }).catch(() => undefined);
      throw error;
    }
    return new HeldLock(context, kind, name);
  }

  private constructor(context: LockContext, kind: LockKind, name: string) {
    this.#context = context;
    this.#kind = kind;
    this.#name = name;
    this.#timer = setInterval(() => this.#refresh(), REFRESH_MS).unref();
  }

  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  async release(): Promise<void> {
    clearInterval(this.#timer);
    await this.#refreshing;
    await this.#context.backend.remove({ type: 'locks', name: this.#name });
  }

  #refresh(): void {
    this.#refreshing = this.#refreshing
      .then(() => (this.#isLate() ? this.#lose(undefined) : this.#replace()))
      .catch((cause: unknown) => {
        if (this.#isLate()) this.#lose(cause);
      });
  }

  /** Also after the machine slept: others may have taken the lock for stale, so that refreshing it would be wrong. */
  #isLate(): boolean {
    return Date.now() - this.#refreshedAt >= LOST_MS;
  }

  #lose(cause: unknown): void {
    const { where } = this.#context.backend;
    this.#lost.abort(
      new UserError('repository-locked', `the lock on ${where} could not be refreshed in time`, {
        hint: 'run again; what was stored is reused',
        cause,
      }),
    );
  }

  async #replace(): Promise<void> {
    const old = this.#name;
    this.#name = await createLock(this.#context, this.#kind);
    this.#refreshedAt = Date.now();
    await this.#context.backend.remove({ type: 'locks', name: old });
  }
}

async function createLock({ backend, key, compress, owner }: LockContext, kind: LockKind): Promise<string> {
  const lock: Lock = {
    time: new Date().toISOString(),
    exclusive: kind === 'exclusive',
    hostname: owner.hostname,
    username: owner.username,
    pid: owner.pid,
  };
  return saveUnpacked(backend, key, {
    type: 'locks',
    plaintext: Buffer.from(JSON.stringify(lock)),
    compress,
  });
}

async function refuseConflict(context: LockContext, kind: LockKind, own: string | undefined): Promise<void> {
  for (const { name } of await context.backend.list('locks')) {
    if (name === own) continue;
    const lock = await readLock(context, name).catch((error: unknown) => {
      throw isFileFault(error) ? unknownLock(context.backend.where, error) : error;
    });
    if (lock === undefined) continue;
    if (isStale(lock, context.owner, Date.now())) await context.backend.remove({ type: 'locks', name });
    else if (kind === 'exclusive' || lock.exclusive) throw locked(context.backend.where, lock);
  }
}

/** Undefined when the lock was removed meanwhile. */
async function readLock({ backend, key }: LockContext, name: string): Promise<Lock | undefined> {
  const stored = await backend.loadIfPresent({ type: 'locks', name });
  if (stored === undefined) return undefined;
  const plaintext = await openUnpacked(key, stored, `locks/${name}`);
  const raw = parseLock(plaintext, `locks/${name}`);
  return {
    time: typeof raw['time'] === 'string' ? raw['time'] : '',
    exclusive: raw['exclusive'] === true,
    hostname: typeof raw['hostname'] === 'string' ? raw['hostname'] : '',
    username: typeof raw['username'] === 'string' ? raw['username'] : '',
    pid: typeof raw['pid'] === 'number' ? raw['pid'] : 0,
  };
}

function parseLock(plaintext: Uint8Array, where: string): Record<string, unknown> {
  try {
    return { ...JSON.parse(Buffer.from(plaintext).toString('utf8')) };
  } catch (cause) {
    throw damaged(where, 'not JSON', cause);
  }
}

/** It may be that of somebody who is at work. */
function unknownLock(where: string, cause: UserError): UserError {
  return new UserError(
    'repository-locked',
    `the repository ${where} has a lock that says nothing: ${cause.message}`,
    {
      hint: 'if it is certain that nobody works there, `restic unlock --remove-all` removes it',
      cause,
    },
  );
}

function locked(where: string, lock: Lock): UserError {
  const kind = lock.exclusive ? 'exclusively ' : '';
  return new UserError(
    'repository-locked',
    `the repository ${where} is ${kind}locked by process ${lock.pid} of ${lock.username}@${lock.hostname} since ${lock.time}`,
    {
      hint: 'wait until it has finished; if it is certain that it no longer runs, `restic unlock` removes the lock',
    },
  );
}
