import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { decrypt, encrypt, type MasterKey } from './encryption.ts';

/** Cached texts by key, on this machine. It may be deleted at any time: what is not in it is read from the repository. */
export interface SealedCache {
  /** Empty when there is none, or one that is damaged, of another version or of another repository. */
  load(): Promise<ReadonlyMap<string, string>>;
  /** Replaces all of it. A cache that cannot be written is none; never throws. */
  save(texts: ReadonlyMap<string, string>): Promise<void>;
}

const MAGIC = 'pvebak cache 1';
const MOST_BYTES = 1 << 29;

/** A cache that is never there. */
export const NO_CACHE: SealedCache = {
  load: async () => new Map(),
  save: async () => undefined,
};

/**
 * One file, encrypted and authenticated with the repository's master key as all that lies in the repository is: whoever can
 * read or change the cache learns and achieves nothing. 0600 in a folder of 0700.
 */
export function sealedCache(key: MasterKey, folder: string, name: string): SealedCache {
  const path = join(folder, name);
  return {
    load: async () => {
      const sealed = await readFile(path).catch(() => undefined);
      return (sealed && open(key, sealed)) ?? new Map();
    },
    save: (texts) => replace(path, folder, seal(key, texts)).catch(() => undefined),
  };
}

function seal(key: MasterKey, texts: ReadonlyMap<string, string>): Uint8Array {
  return encrypt(key, [zstdCompressSync(JSON.stringify([MAGIC, ...texts]))]);
}

function open(key: MasterKey, sealed: Uint8Array): ReadonlyMap<string, string> | undefined {
  try {
    const compressed = decrypt(key, sealed);
    if (compressed === undefined) return undefined;
    const text = zstdDecompressSync(compressed, { maxOutputLength: MOST_BYTES }).toString('utf8');
    const entries: readonly unknown[] = JSON.parse(text);
    if (entries[0] !== MAGIC) return undefined;
    const texts = new Map<string, string>();
    for (const entry of entries) if (isEntry(entry)) texts.set(entry[0], entry[1]);
    return texts;
  } catch {
    return undefined;
  }
}

function isEntry(entry: unknown): entry is [string, string] {
  return Array.isArray(entry) && typeof entry[0] === 'string' && typeof entry[1] === 'string';
}

async function replace(path: string, folder: string, bytes: Uint8Array): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const temporary = `${path}-tmp-${randomBytes(4).toString('hex')}`;
  try {
    await writeFile(temporary, bytes, { mode: 0o600, flag: 'wx' });
    await rename(temporary, path);
  } catch (cause) {
    await unlink(temporary).catch(() => undefined);
    throw cause;
  }
}
