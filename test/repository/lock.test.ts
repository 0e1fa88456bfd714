import { spawn } from 'node:child_process';
import { hostname } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { encryptionReady } from '../../src/repository/encryption.ts';
import { newMasterKey } from '../../src/repository/key-file.ts';
import { isStale, type Lock, type LockContext, type LockKind, withLock } from '../../src/repository/lock.ts';
import { type Repository, withSession } from '../../src/repository/repository.ts';
import { loadUnpacked, saveUnpacked } from '../../src/repository/unpacked-file.ts';
import { UserError } from '../../src/user-error.ts';
import { MemoryBackend } from './memory-backend.ts';
import { restic, resticOk } from './restic.ts';
import { type SampleRepository, sampleRepository } from './sample-repository.ts';
import { userErrorOf } from './user-error-of.ts';

beforeAll(() => encryptionReady);
afterEach(() => {
  vi.useRealTimers();
});

const MINUTE = 60_000;
const OWNER = { hostname: 'here', username: 'me', pid: 4711, isRunning: (pid: number) => pid === 1234 };
const LOCK: Lock = {
  time: new Date().toISOString(),
  exclusive: false,
  hostname: 'there',
  username: 'u',
  pid: 1,
};

function contextOf(backend: MemoryBackend): LockContext {
  return { backend, key: newMasterKey(), compress: true, owner: OWNER };
}

function saveLock({ backend, key }: LockContext, lock: Lock): Promise<string> {
  return saveUnpacked(backend, key, {
    type: 'locks',
    plaintext: Buffer.from(JSON.stringify(lock)),
    compress: true,
  });
}

describe('a lock', () => {
  it.each<[LockKind, LockKind, boolean]>([
    ['shared', 'shared', true],
    ['shared', 'exclusive', false],
    ['exclusive', 'shared', false],
    ['exclusive', 'exclusive', false],
  ])('that is %s: beside it, one that is %s is given: %s', async (held, wanted, given) => {
    const context = contextOf(new MemoryBackend());
    await withLock(context, held, async () => {
      const second = withLock(context, wanted, async () => 'given');
      if (given) expect(await second).toBe('given');
      else expect((await userErrorOf(second)).code).toBe('repository-locked');
    });
    expect(await context.backend.list('locks')).toEqual([]);
  });

  it('is given up when a conflicting one appeared at the same moment', async () => {
    const context = contextOf(new MemoryBackend());
    const acquired = withLock(context, 'exclusive', async () => 'given');
    while ((await context.backend.list('locks')).length === 0) await wait(5);
    const other = await saveLock(context, LOCK);
    expect((await userErrorOf(acquired)).message).toContain('locked by process 1 of u@there');
    expect(await context.backend.list('locks')).toMatchObject([{ name: other }]);
  });

  it('never goes to two at once, however many want it', async () => {
    const context = contextOf(new MemoryBackend());
    let holders = 0;
    const tries = Array.from({ length: 8 }, () =>
      withLock(context, 'exclusive', async () => {
        holders += 1;
        expect(holders).toBe(1);
        await wait(300);
        holders -= 1;
      }),
    );
    await Promise.allSettled(tries);
    expect(await context.backend.list('locks')).toEqual([]);
  });

  it('is waited for as long as the patience lasts', async () => {
    const context = contextOf(new MemoryBackend());
    const taken = Promise.withResolvers<void>();
    const over = Promise.withResolvers<void>();
    const first = withLock(context, 'exclusive', () => {
      taken.resolve();
      return over.promise;
    });
    await taken.promise;
    const patient = { ...context, patienceMs: 20_000 };
    const tooShort = withLock({ ...context, patienceMs: 100 }, 'shared', async () => undefined);
    expect((await userErrorOf(tooShort)).code).toBe('repository-locked');
    const given = withLock(patient, 'shared', async () => 'given');
    await wait(500);
    over.resolve();
    expect(await given).toBe('given');
    await first;
    expect(await context.backend.list('locks')).toEqual([]);
  });

  it('goes to all who wait for it, one after the other, also when they came at the same moment', async () => {
    const context = { ...contextOf(new MemoryBackend()), patienceMs: 60_000 };
    let holders = 0;
    const tries = Array.from({ length: 3 }, () =>
      withLock(context, 'exclusive', async () => {
        holders += 1;
        expect(holders).toBe(1);
        await wait(50);
        holders -= 1;
      }),
    );
    await Promise.all(tries);
    expect(await context.backend.list('locks')).toEqual([]);
  });

  it('is no longer waited for once that is interrupted', async () => {
    const context = { ...contextOf(new MemoryBackend()), patienceMs: 60_000 };
    const interrupt = new AbortController();
    await withLock(context, 'exclusive', async () => {
      setTimeout(() => interrupt.abort(new UserError('interrupted', 'interrupted')), 50);
      const waiting = withLock(context, 'shared', async () => undefined, interrupt.signal);
      expect((await userErrorOf(waiting)).code).toBe('interrupted');
    });
  });

  it('is removed when the work fails', async () => {
    const context = contextOf(new MemoryBackend());
    const work = withLock(context, 'shared', async () => {
      throw new Error('the work failed');
    });
    await expect(work).rejects.toThrow('the work failed');
    expect(await context.backend.list('locks')).toEqual([]);
  });

  const now = Date.parse('2026-11-22T18:00:00Z');
  it.each<[string, Partial<Lock>, boolean]>([
    ['of another machine, 29 minutes old', { time: '2026-11-22T17:31:00Z' }, false],
    ['of another machine, 31 minutes old', { time: '2026-11-22T17:29:00Z' }, true],
    ['31 minutes old in another zone', { time: '2026-11-22T18:29:00.123456789+01:00' }, true],
    ['of a process here that runs', { hostname: 'here', pid: 1234, time: '2026-11-22T17:59:00Z' }, false],
    ['of a process here that is gone', { hostname: 'here', pid: 99, time: '2026-11-22T17:59:00Z' }, true],
    ['of this very process', { hostname: 'here', pid: 4711, time: '2026-11-22T17:59:00Z' }, false],
    ['of another machine, with the pid of nobody here', { pid: 99, time: '2026-11-22T17:59:00Z' }, false],
    ['of nobody knows when', { time: '' }, false],
  ])('%s (%j) is stale: %s', (_, change, stale) => {
    expect(isStale({ ...LOCK, ...change }, OWNER, now)).toBe(stale);
  });

  it.each<[string, Partial<Lock>]>([
    ['too old', { time: new Date(Date.now() - 31 * MINUTE).toISOString() }],
    ['of a process that is gone', { hostname: 'here', pid: 99 }],
  ])("that is stale (%s) is removed and in nobody's way", async (_, change) => {
    const context = contextOf(new MemoryBackend());
    await saveLock(context, { ...LOCK, ...change, exclusive: true });
    expect(await withLock(context, 'exclusive', async () => 'given')).toBe('given');
    expect(await context.backend.list('locks')).toEqual([]);
  });

  it('that is damaged may be that of somebody at work: it is named, with what removes it', async () => {
    const context = contextOf(new MemoryBackend());
    const name = await saveLock(context, LOCK);
    const backend = context.backend;
    await backend.save({ type: 'locks', name }, Buffer.from('damaged'));
    const error = await userErrorOf(withLock(context, 'shared', async () => undefined));
    expect(error).toMatchObject({ code: 'repository-locked' });
    expect(error.message).toContain(`locks/${name}`);
    expect(error.hint).toContain('restic unlock --remove-all');
  });
});

describe('a lock that is held for long', () => {
  const fakeTimers = () => vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] });

  it('is made anew every five minutes, the new file before the old one goes', async () => {
    fakeTimers();
    const backend = new MemoryBackend();
    const context = contextOf(backend);
    await withLock(context, 'shared', async (signal) => {
      const names = [await onlyLock(backend)];
      for (let i = 0; i < 3; i++) {
        await vi.advanceTimersByTimeAsync(5 * MINUTE);
        while (names.includes(await onlyLock(backend))) await wait(5);
        names.push(await onlyLock(backend));
      }
      const newest = await loadUnpacked(backend, context.key, { type: 'locks', name: names[3] ?? '' });
      expect(Date.parse(JSON.parse(Buffer.from(newest).toString()).time)).toBe(Date.now());
      expect(signal.aborted).toBe(false);
    });
    expect(backend.files.size).toBe(0);
  });

  it('ends the work when it could not be made anew for 25 minutes', async () => {
    fakeTimers();
    const backend = new MemoryBackend({ failFromSave: 2 });
    await withLock(contextOf(backend), 'shared', async (signal) => {
      for (let i = 0; i < 4; i++) await vi.advanceTimersByTimeAsync(5 * MINUTE);
      await wait(50);
      expect(signal.aborted).toBe(false);
      await vi.advanceTimersByTimeAsync(5 * MINUTE);
      while (!signal.aborted) await wait(5);
      expect(signal.reason).toMatchObject({ code: 'repository-locked' });
    });
  });

  it('ends the work when the machine slept for so long that others may have taken it for stale', async () => {
    fakeTimers();
    const backend = new MemoryBackend();
    await withLock(contextOf(backend), 'shared', async (signal) => {
      const name = await onlyLock(backend);
      vi.setSystemTime(Date.now() + 40 * MINUTE);
      await vi.advanceTimersByTimeAsync(5 * MINUTE);
      while (!signal.aborted) await wait(5);
      expect(await onlyLock(backend)).toBe(name);
    });
  });
});

describe("locks beside restic's", () => {
  it.each<[LockKind, readonly string[], number]>([
    ['shared', ['snapshots'], 0],
    ['shared', ['prune'], 1],
    ['exclusive', ['snapshots'], 1],
    ['exclusive', ['prune'], 1],
  ])('while ours is %s, restic %j ends with status %d', async (kind, args, status) => {
    const sample = await sampleRepository();
    await withSession(sample.repository, { lock: kind, threads: 1 }, async () => {
      const result = await restic(sample, ...args);
      expect(result.status, result.text).toBe(status);
      if (status !== 0)
        expect(result.text).toMatch(new RegExp(`already locked.*by PID ${process.pid} on ${hostname()}`));
    });
    await resticOk(sample, ...args);
  });

  it('of a restic that runs, ours gives way to an exclusive one, and says whose it is', async () => {
    const sample = await sampleRepository();
    const running = spawn('sleep', ['60']);
    try {
      await saveResticLock(sample.repository, running.pid ?? 0);
      const error = await userErrorOf(
        withSession(sample.repository, { lock: 'shared' }, async () => undefined),
      );
      expect(error.code).toBe('repository-locked');
      expect(error.message).toContain(`exclusively locked by process ${running.pid} of root@${hostname()}`);
      expect((await restic(sample, 'snapshots')).text).toContain(
        `already locked exclusively by PID ${running.pid}`,
      );
    } finally {
      running.kill();
    }
  });

  it('of a restic that was killed, ours goes past it', async () => {
    const sample = await sampleRepository();
    const name = await killedResticLock(sample);
    expect((await sample.repository.backend.list('locks')).map((lock) => lock.name)).toContain(name);
    expect(await withSession(sample.repository, { lock: 'exclusive' }, async () => 'given')).toBe('given');
    expect(await sample.repository.backend.list('locks')).toEqual([]);
  });
});

async function onlyLock(backend: MemoryBackend): Promise<string> {
  const names = (await backend.list('locks')).map(({ name }) => name);
  return names.at(-1) ?? 'none';
}

/** A lock with the fields of restic's own. */
async function saveResticLock({ backend, key }: Repository, pid: number): Promise<void> {
  const lock = {
    time: new Date().toISOString(),
    exclusive: true,
    hostname: hostname(),
    username: 'root',
    pid,
  };
  const plaintext = Buffer.from(JSON.stringify({ ...lock, uid: 0, gid: 0 }));
  await saveUnpacked(backend, key, { type: 'locks', plaintext, compress: false });
}

/** Lets restic back up what never ends, and kills it once it has its lock. */
async function killedResticLock({ folder, password, repository }: SampleRepository): Promise<string> {
  const env = { ...process.env, RESTIC_REPOSITORY: folder, RESTIC_PASSWORD: password };
  const backup = spawn('restic', ['--no-cache', 'backup', '--stdin'], {
    env,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const exited = new Promise((resolve) => backup.once('exit', resolve));
  while ((await repository.backend.list('locks')).length === 0) await wait(20);
  const [lock] = await repository.backend.list('locks');
  backup.kill('SIGKILL');
  await exited;
  return lock?.name ?? 'none';
}
