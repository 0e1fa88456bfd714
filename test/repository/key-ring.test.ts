import { hash } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderBackend } from '../../src/repository/folder-backend.ts';
import {
  addKey,
  chooseKey,
  findKeyId,
  readKeys,
  removeKey,
  replaceKey,
} from '../../src/repository/key-ring.ts';
import { withLock } from '../../src/repository/lock.ts';
import { thisProcess } from '../../src/repository/lock-owner.ts';
import { initRepository, openRepository, type Repository } from '../../src/repository/repository.ts';
import { MemoryBackend } from './memory-backend.ts';
import { restic, resticOk } from './restic.ts';
import { openFolder, PASSWORD, QUICK_COST, sampleRepository, temporaryFolder } from './sample-repository.ts';
import { userErrorOf } from './user-error-of.ts';

const SECOND = 'second pässword';

function newKey(password: string, created = '2026-11-22T18:00:00.000Z') {
  return { password, created, cost: QUICK_COST };
}

async function idsOf(repository: Repository): Promise<readonly string[]> {
  return (await readKeys(repository)).map(({ id }) => id);
}

describe('the keys of a repository', () => {
  it('say who made them and when, oldest first', async () => {
    const { repository } = await sampleRepository();
    const later = await addKey(repository, newKey(SECOND, '2999-01-01T00:00:00Z'));
    const earlier = await addKey(repository, newKey('third', '2001-01-01T00:00:00+01:00'));
    const keys = await readKeys(repository);
    const { hostname, username } = thisProcess();
    expect(keys.map(({ id }) => id)).toEqual([earlier, expect.any(String), later]);
    expect(keys[2]).toEqual({
      kind: 'whole',
      id: later,
      created: '2999-01-01T00:00:00Z',
      hostname,
      username,
    });
  });

  it('each open the whole repository, for us and for restic', async () => {
    const sample = await sampleRepository();
    await addKey(sample.repository, newKey(SECOND));
    expect((await openFolder(sample.folder, SECOND)).key).toEqual(sample.repository.key);
    for (const password of [PASSWORD, SECOND])
      expect(await resticOk({ folder: sample.folder, password }, 'check', '--read-data')).toContain(
        'no errors',
      );
  });

  it('are known by the password that opens them', async () => {
    const { repository } = await sampleRepository();
    const [first] = await idsOf(repository);
    const second = await addKey(repository, newKey(SECOND));
    expect(await findKeyId(repository, PASSWORD)).toBe(first);
    expect(await findKeyId(repository, SECOND)).toBe(second);
    expect(await findKeyId(repository, 'neither')).toBeUndefined();
  });

  it('that restic has added are listed, open, and can be removed', async () => {
    const { folder, password, repository } = await sampleRepository();
    const file = join(await temporaryFolder(), 'new-password');
    await writeFile(file, `${SECOND}\n`);
    await resticOk({ folder, password }, 'key', 'add', '--new-password-file', file);
    const id = (await findKeyId(repository, SECOND)) ?? '';
    expect(await idsOf(repository)).toContain(id);
    await removeKey(repository, id);
    expect((await restic({ folder, password: SECOND }, 'cat', 'config')).text).toContain('wrong password');
  });

  it('are listed as damaged where they are, and do not hide the others', async () => {
    const { folder, repository } = await sampleRepository();
    const bytes = Buffer.from('{"kdf":"pbkdf2"}');
    const named = hash('sha256', bytes, 'hex');
    await writeFile(join(folder, 'keys', named), bytes);
    await writeFile(join(folder, 'keys', 'ab'.repeat(32)), 'bytes of another name');
    const keys = await readKeys(repository);
    expect(keys.map(({ kind }) => kind)).toEqual(['whole', 'damaged', 'damaged']);
    expect(await findKeyId(repository, PASSWORD)).toBe(keys[0]?.id);
  });
});

describe('replacing a key', () => {
  it('leaves the new password, and not the old one, for us and for restic', async () => {
    const { folder, repository } = await sampleRepository();
    const [old = ''] = await idsOf(repository);
    const id = await replaceKey(repository, { old, key: newKey(SECOND) });
    expect(await idsOf(repository)).toEqual([id]);
    expect((await userErrorOf(openFolder(folder))).code).toBe('wrong-password');
    expect((await restic({ folder, password: PASSWORD }, 'cat', 'config')).status).not.toBe(0);
    expect((await restic({ folder, password: SECOND }, 'cat', 'config')).status).toBe(0);
  });

  it('that cannot store the new one keeps the old one', async () => {
    // The saves are: key and config of the new repository, the lock, the new key.
    const backend = new MemoryBackend({ failAtSave: 4 });
    await initRepository(backend, PASSWORD, { cost: QUICK_COST });
    const repository = await openRepository(backend, PASSWORD);
    const [old = ''] = await idsOf(repository);
    const error = await userErrorOf(replaceKey(repository, { old, key: newKey(SECOND) }));
    expect(error.code).toBe('repository-write');
    expect(await idsOf(repository)).toEqual([old]);
    expect(await backend.list('locks')).toEqual([]);
  });
});

describe('removing a key', () => {
  it('is refused for the last one', async () => {
    const { repository } = await sampleRepository();
    const [only = ''] = await idsOf(repository);
    expect(await userErrorOf(removeKey(repository, only))).toMatchObject({
      code: 'usage',
      message: expect.stringContaining('the only key'),
    });
    expect(await idsOf(repository)).toEqual([only]);
  });

  it('is refused for the last one that is whole', async () => {
    const { folder, repository } = await sampleRepository();
    const [only = ''] = await idsOf(repository);
    await writeFile(join(folder, 'keys', 'ab'.repeat(32)), 'bytes of another name');
    expect((await userErrorOf(removeKey(repository, only))).message).toContain('the only key');
    await removeKey(repository, 'ab'.repeat(32));
    expect(await idsOf(repository)).toEqual([only]);
  });
});

describe('locks', () => {
  const work = {
    add: (repository: Repository) => addKey(repository, newKey(SECOND)),
    replace: async (repository: Repository) =>
      replaceKey(repository, { old: (await idsOf(repository))[0] ?? '', key: newKey(SECOND) }),
    remove: async (repository: Repository) => removeKey(repository, (await idsOf(repository))[0] ?? ''),
  };

  it.each([
    ['add', 'shared', 'goes on'],
    ['add', 'exclusive', 'waits for another day'],
    ['replace', 'shared', 'waits for another day'],
    ['remove', 'shared', 'waits for another day'],
  ] as const)('%s beside a %s lock %s', async (name, held, outcome) => {
    const { folder, repository } = await sampleRepository();
    await addKey(repository, newKey('another'));
    const before = await idsOf(repository);
    // Another process of this machine that is running: the one that started this one.
    const owner = { ...thisProcess(), pid: process.ppid };
    const context = { backend: folderBackend(folder), key: repository.key, compress: true, owner };
    await withLock(context, held, async () => {
      if (outcome === 'goes on') await work[name](repository);
      else expect((await userErrorOf(work[name](repository))).code).toBe('repository-locked');
    });
    expect(await idsOf(repository)).toHaveLength(before.length + (outcome === 'goes on' ? 1 : 0));
    expect(await readdir(join(folder, 'locks'))).toEqual([]);
  });

  it('are gone after an interruption, and nothing was stored', async () => {
    const { folder, repository } = await sampleRepository();
    const signal = AbortSignal.abort(new Error('interrupted'));
    await expect(addKey(repository, newKey(SECOND), { signal })).rejects.toThrow('interrupted');
    expect(await idsOf(repository)).toHaveLength(1);
    expect(await readdir(join(folder, 'locks'))).toEqual([]);
  });
});

describe('a new password', () => {
  it('is refused when it is empty', async () => {
    const { repository } = await sampleRepository();
    expect(await userErrorOf(addKey(repository, newKey('')))).toMatchObject({ code: 'secret' });
  });

  it('is nowhere in the repository', async () => {
    const { folder, repository } = await sampleRepository();
    const id = await addKey(repository, newKey(SECOND));
    const bytes = await repository.backend.load({ type: 'keys', name: id });
    expect(Buffer.from(bytes).includes(SECOND)).toBe(false);
    expect(await readdir(join(folder, 'keys'))).toHaveLength(2);
  });
});

describe('choosing a key by the first digits of its id', () => {
  const entry = (id: string) => ({ kind: 'whole', id, created: '', hostname: '', username: '' }) as const;
  const keys = [
    entry('abcd1'.padEnd(64, '0')),
    entry('abcd2'.padEnd(64, '0')),
    entry('ff00'.padEnd(64, '0')),
  ];

  it.each([
    ['ff00', 2],
    ['abcd1', 0],
    ['abcd2'.padEnd(64, '0'), 1],
  ])('%s finds one', (prefix, position) => {
    expect(chooseKey(keys, prefix)).toBe(keys[position]);
  });

  it.each([
    ['abcd', 'fits 2 keys'],
    ['ff0', 'there is no key ff0'],
    ['0000', 'there is no key'],
    ['', 'there is no key'],
    ['../abcd', 'there is no key'],
  ])('"%s" finds none or too many', (prefix, message) => {
    expect(() => chooseKey(keys, prefix)).toThrow(message);
  });
});
