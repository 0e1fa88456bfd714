import { describe, expect, it } from 'vitest';
import { pauseAfter, type Retry, withRetries } from '../../src/transport/with-retries.ts';
import { UserError, type UserErrorCode } from '../../src/user-error.ts';

function failure(code: UserErrorCode = 'host-unreachable'): UserError {
  return new UserError(code, 'cannot reach 10.0.0.10:22: connection refused');
}

it.each<[string, unknown, number, number, number | undefined]>([
  ['a connection that did not come about', failure(), 0, 20, 1_000],
  ['the second one', failure(), 1, 1_020, 4_000],
  ['the third one', failure(), 2, 5_020, 10_000],
  ['the fourth one', failure(), 3, 15_020, undefined],
  ['one that was waited for, for 15 s', failure(), 0, 15_000, 1_000],
  ['the second such one', failure(), 1, 31_000, undefined],
  ['a wrong password or key', failure('login-refused'), 0, 20, undefined],
  ['a wrong host key', failure('host-key'), 0, 20, undefined],
  ['a command that failed', failure('command-failed'), 0, 20, undefined],
  ['a bug', new TypeError('x is undefined'), 0, 20, undefined],
])('after %s (%s; %d tries before, %d ms) the pause is %d ms', (_, error, tries, elapsedMs, pauseMs) => {
  expect(pauseAfter(error, { tries, elapsedMs })).toBe(pauseMs);
});

describe('what fails in a way that may pass', () => {
  const { signal } = new AbortController();

  it('is done again after a pause that is told', async () => {
    const told: Retry[] = [];
    let tries = 0;
    const work = async () => {
      if (++tries === 1) throw failure();
      return tries;
    };
    const begun = performance.now();
    expect(await withRetries(work, { onRetry: (retry) => told.push(retry), signal })).toBe(2);
    expect(performance.now() - begun).toBeGreaterThan(950);
    expect(told).toEqual([{ reason: failure().message, pauseMs: 1_000 }]);
  });

  it('is done again as often as is wanted', async () => {
    const told: Retry[] = [];
    const options = { onRetry: (retry: Retry) => void told.push(retry), signal, mostRetries: 1 };
    await expect(withRetries(() => Promise.reject(failure()), options)).rejects.toThrow('connection refused');
    expect(told).toHaveLength(1);
  });

  it('is not done again when it failed for good', async () => {
    let tries = 0;
    const work = () => {
      tries += 1;
      return Promise.reject(failure('login-refused'));
    };
    const onRetry = () => expect.unreachable('it is tried again');
    await expect(withRetries(work, { onRetry, signal })).rejects.toMatchObject({ code: 'login-refused' });
    expect(tries).toBe(1);
  });

  it('is not done again once it was interrupted, and the pause ends at once', async () => {
    const interrupt = new AbortController();
    let tries = 0;
    const work = () => {
      tries += 1;
      return Promise.reject(failure());
    };
    const onRetry = () => {
      setTimeout(() => interrupt.abort(new UserError('interrupted', 'interrupted')), 50);
    };
    const begun = performance.now();
    const trying = withRetries(work, { onRetry, signal: interrupt.signal });
    await expect(trying).rejects.toMatchObject({ code: 'interrupted' });
    expect(performance.now() - begun).toBeLessThan(900);
    expect(tries).toBe(1);
  });
});
