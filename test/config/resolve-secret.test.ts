import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nodeSecretSources } from '../../src/config/node-secret-sources.ts';
import { resolveSecret, type SecretOptions, type SecretSources } from '../../src/config/resolve-secret.ts';
import type { SecretRef } from '../../src/config/site.ts';
import { UserError } from '../../src/user-error.ts';

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pvebak-secret-'));
  const files = { one: 'first\r\nsecond\n', empty: '\nsecond\n', big: 'x'.repeat(1_048_577) };
  for (const [name, text] of Object.entries(files))
    await writeFile(join(folder, name), text, { mode: 0o600 });
});

afterAll(() => rm(folder, { recursive: true }));

function resolve(ref: SecretRef, more: Partial<SecretOptions> = {}) {
  const env = { PATH: process.env['PATH'], SECRET: 'from env', EMPTY: '', CREDENTIALS_DIRECTORY: folder };
  return resolveSecret(ref, { key: 'hosts.pve.conn_password', sources: nodeSecretSources(env), ...more });
}

const sh = (script: string): SecretRef => ({ kind: 'command', argv: ['sh', '-c', script] });
const file = (name: string): SecretRef => ({ kind: 'file', path: join(folder, name) });

async function failure(ref: SecretRef, more: Partial<SecretOptions> = {}) {
  const error: unknown = await resolve(ref, more).catch((thrown: unknown) => thrown);
  if (!(error instanceof UserError)) throw error;
  expect(error.code).toBe('secret');
  const text = [error.message, ...(error.hint === undefined ? [] : [error.hint])].join('; ');
  return text.replaceAll(folder, 'FOLDER');
}

describe('a secret', () => {
  test.each<[string, () => SecretRef, SecretOptions['extent'], string]>([
    ['as it is written', () => ({ kind: 'plain', value: 'plain' }), 'first-line', 'plain'],
    ['from the environment', () => ({ kind: 'env', name: 'SECRET' }), 'first-line', 'from env'],
    ['the first line of a file', () => file('one'), 'first-line', 'first'],
    ['the whole of a file', () => file('one'), 'whole', 'first\r\nsecond\n'],
    ['a credential of systemd', () => ({ kind: 'credential', name: 'one' }), 'first-line', 'first'],
    ['the first line that a command prints', () => sh('echo a; echo b; echo c >&2'), 'first-line', 'a'],
    ['all that a command prints', () => sh('echo a; echo b'), 'whole', 'a\nb\n'],
    [
      'of a command that is a list',
      () => ({ kind: 'command', argv: ['printf', '%s', '$HOME *'] }),
      'whole',
      '$HOME *',
    ],
  ])('%s', async (_what, ref, extent = 'first-line', value) => {
    expect(await resolve(ref(), { extent })).toBe(value);
  });
});

describe('a secret that is not there names its key and its source', () => {
  const KEY = 'hosts.pve.conn_password';
  test.each<[string, () => SecretRef, string]>([
    [
      'variable',
      () => ({ kind: 'env', name: 'NOPE' }),
      'the environment variable NOPE is not set; export NOPE first',
    ],
    [
      'empty variable',
      () => ({ kind: 'env', name: 'EMPTY' }),
      'the environment variable EMPTY is empty; export EMPTY first',
    ],
    ['file', () => file('nope'), 'cannot read FOLDER/nope: there is no such file'],
    ['folder', () => ({ kind: 'file', path: folder }), 'cannot read FOLDER: it is a folder'],
    ['empty line', () => file('empty'), 'FOLDER/empty gives an empty first line'],
    ['huge file', () => file('big'), 'cannot read FOLDER/big: it is too large for a secret'],
    [
      'credential',
      () => ({ kind: 'credential', name: 'nope' }),
      'cannot read FOLDER/nope: there is no such file',
    ],
    [
      'failing command',
      () => sh('echo s3cret; echo locked >&2; exit 3'),
      'the command "echo s3cret; echo locked >&2; exit 3" failed with status 3; it said: locked',
    ],
    ['silent command', () => sh(':'), 'the command ":" gives an empty first line'],
    [
      'missing program',
      () => ({ kind: 'command', argv: ['no-such-program', 'x'] }),
      'the command "no-such-program x" failed: spawn no-such-program ENOENT',
    ],
    ['killed command', () => sh('kill -9 $$'), 'the command "kill -9 $$" failed: ended by SIGKILL'],
  ])('%s', async (_what, ref, message) => {
    expect(await failure(ref())).toBe(`${KEY}: ${message}`);
  });

  test('without systemd there are no credentials', async () => {
    const message = await failure({ kind: 'credential', name: 'pmx' }, { sources: nodeSecretSources({}) });
    expect(message).toBe(
      `${KEY}: the credential pmx is not there: CREDENTIALS_DIRECTORY is not set; systemd sets it for units with LoadCredential=pmx:PATH`,
    );
  });
});

describe('a command', () => {
  test('that takes too long is ended with all that it started', async () => {
    const { runCommand } = nodeSecretSources({ PATH: process.env['PATH'] });
    const outcome = await runCommand(['sh', '-c', 'echo waiting >&2; sleep 60 | cat'], { timeoutMs: 200 });
    expect(outcome).toEqual({ kind: 'timed-out', stderr: 'waiting\n' });
  });

  test('has 30 seconds', async () => {
    const limits: number[] = [];
    const sources: SecretSources = {
      ...nodeSecretSources({}),
      runCommand: async (_argv, { timeoutMs }) => {
        limits.push(timeoutMs);
        return { kind: 'timed-out', stderr: '' };
      },
    };
    expect(await failure(sh('sleep 60'), { sources })).toContain(
      'the command "sleep 60" took longer than 30 s',
    );
    expect(limits).toEqual([30_000]);
  });

  test('that prints without end gives its first line', async () => {
    const value = await resolve(sh('echo first; yes | head -c 5000000'));
    expect(value).toBe('first');
  });

  test('is ended by an abort, and the first cause wins', async () => {
    const controller = new AbortController();
    const cause = new Error('interrupted');
    const resolving = resolve(sh('sleep 60'), { signal: controller.signal });
    controller.abort(cause);
    await expect(resolving).rejects.toBe(cause);
  });
});
