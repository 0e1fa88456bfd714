import { hash } from 'node:crypto';
import { UserError } from '../user-error.ts';
import type { Backend } from './backend.ts';
import { damaged } from './damaged-error.ts';
import { faultOf } from './file-fault.ts';
import { type KeyFile, openKey, parseKeyFile, type ScryptCost, sealKey } from './key-file.ts';
import { type LockKind, withLock } from './lock.ts';
import { thisProcess } from './lock-owner.ts';
import type { Repository } from './repository.ts';

/**
 * The keys of a repository: each file holds the same master key, sealed with a password of its own, so that any one of
 * the passwords opens everything. Locks are those of restic's `key` commands: shared to add, exclusive to remove or
 * replace; listing takes none.
 */
export type KeyEntry =
  | {
      readonly kind: 'whole';
      /** 64 hex digits: the SHA-256 of the key file. */
      readonly id: string;
      /** RFC 3339, as its maker wrote it. */
      readonly created: string;
      readonly hostname: string;
      readonly username: string;
    }
  /** It opens nothing. */
  | { readonly kind: 'damaged'; readonly id: string; readonly reason: string };

export interface NewKey {
  readonly password: string;
  /** RFC 3339 */
  readonly created: string;
  readonly cost?: ScryptCost;
}

/** All keys, the oldest first; damaged ones last. */
export async function readKeys({ backend }: Repository): Promise<readonly KeyEntry[]> {
  const names = (await backend.list('keys')).map(({ name }) => name);
  const entries = await Promise.all(names.map((name) => readEntry(backend, name)));
  return entries.filter((entry) => entry !== undefined).sort((a, b) => compare(ageOf(a), ageOf(b)));
}

/**
 * The id of the key that a password opens; undefined when it opens none. Tries them one after the other, each for as
 * long as its scrypt takes.
 */
export async function findKeyId(repository: Repository, password: string): Promise<string | undefined> {
  for (const entry of await readKeys(repository)) {
    if (entry.kind === 'whole' && (await opens(repository, entry.id, password))) return entry.id;
  }
  return undefined;
}

/** The one key whose id begins so. @throws UserError `usage` when there is none, or more than one */
export function chooseKey(keys: readonly KeyEntry[], prefix: string): KeyEntry {
  const matches = /^[0-9a-f]{4,64}$/.test(prefix) ? keys.filter(({ id }) => id.startsWith(prefix)) : [];
  const [first, ...more] = matches;
  if (first === undefined)
    throw new UserError('usage', `there is no key ${prefix}`, {
      hint: 'give at least 4 digits of an id; `pvebak key list` shows them',
    });
  if (more.length > 0)
    throw new UserError('usage', `${prefix} fits ${matches.length} keys`, {
      hint: 'give more of its digits',
    });
  return first;
}

/**
 * Adds a key for another password, and opens what was stored with it.
 * @returns the new key's id
 * @throws UserError `secret` for an empty password, `repository-locked`, `repository-write`
 */
export async function addKey(
  repository: Repository,
  key: NewKey,
  options: { readonly signal?: AbortSignal } = {},
): Promise<string> {
  refuseEmpty(key.password);
  return locked(repository, 'shared', options.signal, () => saveKey(repository, key));
}

/**
 * Replaces a key: the new one is stored and proved before the old one goes. When removing fails, both open.
 * @returns the new key's id
 * @throws UserError as `addKey` does
 */
export async function replaceKey(
  repository: Repository,
  { old, key }: { readonly old: string; readonly key: NewKey },
  options: { readonly signal?: AbortSignal } = {},
): Promise<string> {
  refuseEmpty(key.password);
  return locked(repository, 'exclusive', options.signal, async (signal) => {
    const id = await saveKey(repository, key);
    signal.throwIfAborted();
    await repository.backend.remove({ type: 'keys', name: old });
    return id;
  });
}

/**
 * Removes a key. Its password no longer opens the repository; who has copied the key file before can still open it.
 * @throws UserError `usage` when no other key that is whole would be left; `repository-locked`, `repository-write`
 */
export async function removeKey(
  repository: Repository,
  id: string,
  options: { readonly signal?: AbortSignal } = {},
): Promise<void> {
  await locked(repository, 'exclusive', options.signal, async (signal) => {
    const others = (await readKeys(repository)).filter((entry) => entry.kind === 'whole' && entry.id !== id);
    if (others.length === 0)
      throw new UserError(
        'usage',
        `${id.slice(0, 8)} is the only key of ${repository.where}: without it nothing can be read again`,
        { hint: 'add another one first: `pvebak key add`' },
      );
    signal.throwIfAborted();
    await repository.backend.remove({ type: 'keys', name: id });
  });
}

/** Undefined when the key was removed meanwhile. */
async function readEntry(backend: Backend, id: string): Promise<KeyEntry | undefined> {
  try {
    const file = await loadKeyFile(backend, id);
    if (file === undefined) return undefined;
    const { created, hostname, username } = file;
    return { kind: 'whole', id, created, hostname, username };
  } catch (error) {
    return { kind: 'damaged', id, reason: faultOf(`keys/${id}`, error).what };
  }
}

async function loadKeyFile(backend: Backend, id: string): Promise<KeyFile | undefined> {
  const bytes = await backend.loadIfPresent({ type: 'keys', name: id });
  if (bytes === undefined) return undefined;
  if (hash('sha256', bytes, 'hex') !== id) throw damaged(`keys/${id}`, 'the content does not match the name');
  return parseKeyFile(bytes, id);
}

/** Whether the password opens this key, and what is inside is the repository's own. */
async function opens({ backend, key }: Repository, id: string, password: string): Promise<boolean> {
  const file = await loadKeyFile(backend, id);
  const opened = file === undefined ? undefined : await openKey(file, password, id);
  return opened !== undefined && Buffer.from(opened.encrypt).equals(key.encrypt);
}

async function saveKey(repository: Repository, { password, created, cost }: NewKey): Promise<string> {
  const { backend, key } = repository;
  const { hostname, username } = thisProcess();
  const file = await sealKey(key, password, {
    hostname,
    username,
    created,
    ...(cost !== undefined && { cost }),
  });
  const name = hash('sha256', file, 'hex');
  await backend.save({ type: 'keys', name }, file);
  if (await opens(repository, name, password)) return name;
  await backend.remove({ type: 'keys', name });
  throw damaged(`keys/${name}`, 'the new key does not open with its password');
}

function locked<T>(
  { backend, key, config }: Repository,
  kind: LockKind,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const context = { backend, key, compress: config.version >= 2, owner: thisProcess() };
  return withLock(context, kind, async (lockSignal) => {
    const both = signal === undefined ? lockSignal : AbortSignal.any([signal, lockSignal]);
    both.throwIfAborted();
    return work(both);
  });
}

function refuseEmpty(password: string): void {
  if (password === '')
    throw new UserError('secret', 'the new password is empty', {
      hint: 'a repository without a password is readable by everybody who reaches it',
    });
}

function ageOf(entry: KeyEntry): string {
  if (entry.kind === 'damaged') return '~';
  const time = Date.parse(entry.created);
  return Number.isNaN(time) ? '~' : new Date(time).toISOString();
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
