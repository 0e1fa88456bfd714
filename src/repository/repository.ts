import { hash } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../user-error.ts';
import type { Backend } from './backend.ts';
import { BlobReader } from './blob-reader.ts';
import { BlobWorkers } from './blob-workers.ts';
import type { BlobWriter } from './blob-writer.ts';
import { encodeConfig, newConfig, parseConfig, type RepositoryConfig } from './config-file.ts';
import { damaged } from './damaged-error.ts';
import { decrypt, encrypt, encryptionReady, type MasterKey } from './encryption.ts';
import { type KeyFile, newMasterKey, openKey, parseKeyFile, type ScryptCost, sealKey } from './key-file.ts';
import { lendStore } from './lend-store.ts';
import { loadIndex } from './load-index.ts';
import type { LockKind } from './lock.ts';
import { withRepositoryLock } from './repository-lock.ts';
import { NO_CACHE, type SealedCache, sealedCache } from './sealed-cache.ts';
import type { Store } from './store.ts';

/** A repository whose password was right. Nothing is locked or indexed yet; snapshots can be read as they are. */
export interface Repository {
  readonly where: string;
  readonly config: RepositoryConfig;
  readonly keyCount: number;
  readonly backend: Backend;
  readonly key: MasterKey;
  /** How long a lock is waited for that somebody else's keeps from us, in milliseconds; absent: not at all. */
  readonly lockPatienceMs?: number;
  /** What was read of it before on this machine, by a name for each kind of thing. */
  cache(name: string): SealedCache;
}

/** A repository that is locked and indexed, lent for some work. */
export interface RepositorySession extends Store {
  readonly repository: Repository;
  readonly reader: BlobReader;
  readonly writer: BlobWriter;
}

/**
 * Makes a new repository with one key.
 * @throws UserError `repository-exists`, `repository-write`
 */
export async function initRepository(
  backend: Backend,
  password: string,
  options: { readonly cost?: ScryptCost } = {},
): Promise<RepositoryConfig> {
  await encryptionReady;
  const exists =
    (await backend.loadIfPresent({ type: 'config' })) !== undefined ||
    (await backend.list('keys')).length > 0;
  if (exists)
    throw new UserError('repository-exists', `${backend.where} holds a repository already`, {
      hint: 'leave it, or name another place in the site file',
    });
  await backend.create();
  const key = newMasterKey();
  const about = {
    hostname: hostname(),
    username: userInfo().username,
    created: new Date().toISOString(),
    ...options,
  };
  const keyFile = await sealKey(key, password, about);
  await backend.save({ type: 'keys', name: hash('sha256', keyFile, 'hex') }, keyFile);
  const config = newConfig();
  await backend.save({ type: 'config' }, encrypt(key, [encodeConfig(config)]));
  return config;
}

/**
 * Tries the password on every key; a damaged one matters only when no other opens.
 * @param options.cacheFolder of all repositories on this machine; without one nothing is cached
 * @throws UserError `no-repository`, `wrong-password`, `repository-damaged`
 */
export async function openRepository(
  backend: Backend,
  password: string,
  options: { readonly cacheFolder?: string } = {},
): Promise<Repository> {
  await encryptionReady;
  const stored = await backend.loadIfPresent({ type: 'config' });
  const keys = await backend.list('keys');
  if (stored === undefined && keys.length === 0) {
    throw new UserError('no-repository', `${backend.where} is no repository`, {
      hint: 'make one with `pvebak init site.yaml`, or put the path right',
    });
  }
  if (stored === undefined) throw damaged('config', 'the file is missing');
  const key = await findKey(
    backend,
    keys.map(({ name }) => name),
    password,
  );
  const plaintext = decrypt(key, stored);
  if (plaintext === undefined) throw damaged('config', 'the MAC is wrong');
  const config = parseConfig(plaintext);
  const { cacheFolder } = options;
  const cache = (name: string) =>
    cacheFolder === undefined ? NO_CACHE : sealedCache(key, join(cacheFolder, config.id), name);
  return { where: backend.where, config, keyCount: keys.length, backend, key, cache };
}

/**
 * Locks the repository, loads its index and lends both while `work` runs.
 * @throws UserError `repository-locked`, `repository-damaged`, and what `work` throws
 */
export async function withSession<T>(
  repository: Repository,
  options: { readonly lock: LockKind; readonly threads?: number; readonly signal?: AbortSignal },
  work: (session: RepositorySession) => Promise<T>,
): Promise<T> {
  const { threads } = options;
  await using workers = new BlobWorkers(repository.key, { threads });
  workers.start();
  return await withRepositoryLock(repository, options, async (signal) => {
    const index = await loadIndex(repository.backend, repository.key);
    return lendStore(repository, { index, workers, signal }, work);
  });
}

/**
 * Lends a reader while `work` runs, without a lock: for looking at what is rarely removed. What is missing meanwhile is an
 * error of the reader.
 * @throws UserError `repository-damaged`, and what `work` throws
 */
export async function withReader<T>(
  { backend, key }: Repository,
  work: (reader: BlobReader) => Promise<T>,
): Promise<T> {
  await using workers = new BlobWorkers(key, { threads: 1 });
  workers.start();
  const index = await loadIndex(backend, key);
  return await work(new BlobReader({ backend, key, index, workers }));
}

async function findKey(backend: Backend, names: readonly string[], password: string): Promise<MasterKey> {
  let damage: unknown;
  for (const name of names) {
    try {
      const key = await openKey(await loadKeyFile(backend, name), password, name);
      if (key !== undefined) return key;
    } catch (error) {
      damage ??= error;
    }
  }
  if (damage !== undefined) throw damage;
  throw new UserError(
    'wrong-password',
    `the password opens none of the ${names.length} keys of ${backend.where}`,
    {
      hint: 'look at `repositories.*.password` in the site file and at what it refers to',
    },
  );
}

async function loadKeyFile(backend: Backend, name: string): Promise<KeyFile> {
  const bytes = await backend.load({ type: 'keys', name });
  if (hash('sha256', bytes, 'hex') !== name)
    throw damaged(`keys/${name}`, 'the content does not match the name');
  return parseKeyFile(bytes, name);
}
