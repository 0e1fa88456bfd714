import { randomBytes, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import { damaged } from './damaged-error.ts';
import { decrypt, encrypt, encryptionReady, type MasterKey } from './encryption.ts';

/**
 * A key file: the repository's master key, encrypted with a key that scrypt makes of a password
 * (restic's design document, "Keys, Encryption and MAC"). JSON, not compressed:
 *
 *     { hostname, username, created, kdf: "scrypt", N, r, p, salt: base64, data: base64 }
 *
 * `data` is the encrypted JSON `{ mac: { k, r }, encrypt }`, all base64.
 */
export interface KeyFile {
  readonly hostname: string;
  readonly username: string;
  readonly created: string;
  readonly cost: ScryptCost;
  readonly salt: Uint8Array;
  readonly data: Uint8Array;
}

export interface ScryptCost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** What OWASP asks of scrypt at 64 MiB; a few tenths of a second. */
export const DEFAULT_COST: ScryptCost = { N: 1 << 16, r: 8, p: 2 };

/** A key file is hostile until its MAC was checked: no more than 1 GiB and a minute may be asked for. */
const MOST_SCRYPT_BYTES = 1 << 30;
const MOST_SCRYPT_WORK = 1 << 28;

export function newMasterKey(): MasterKey {
  return { encrypt: randomBytes(32), macK: randomBytes(16), macR: randomBytes(16) };
}

/** Seals a master key with a password. `created` is RFC 3339. */
export async function sealKey(
  master: MasterKey,
  password: string,
  about: {
    readonly hostname: string;
    readonly username: string;
    readonly created: string;
    readonly cost?: ScryptCost;
  },
): Promise<Uint8Array> {
  await encryptionReady;
  const cost = about.cost ?? DEFAULT_COST;
  const salt = randomBytes(64);
  const plaintext = Buffer.from(
    JSON.stringify({
      mac: { k: base64(master.macK), r: base64(master.macR) },
      encrypt: base64(master.encrypt),
    }),
  );
  const data = encrypt(await deriveKey(password, salt, cost), [plaintext]);
  return Buffer.from(
    JSON.stringify({
      hostname: about.hostname,
      username: about.username,
      kdf: 'scrypt',
      ...cost,
      created: about.created,
      data: base64(data),
      salt: base64(salt),
    }),
  );
}

/** @throws UserError `repository-damaged` when the file cannot be a key file */
export function parseKeyFile(bytes: Uint8Array, name: string): KeyFile {
  const where = `keys/${name}`;
  const raw = parseJsonObject(bytes, where);
  const { N, r, p } = raw;
  if (raw['kdf'] !== 'scrypt') throw damaged(where, 'the key derivation function is not scrypt');
  if (!isCount(N) || !isCount(r) || !isCount(p) || (N & (N - 1)) !== 0)
    throw damaged(where, 'scrypt parameters are wrong');
  if (128 * N * r > MOST_SCRYPT_BYTES || N * r * p > MOST_SCRYPT_WORK)
    throw damaged(where, 'scrypt parameters are beyond what is accepted');
  return {
    hostname: String(raw['hostname'] ?? ''),
    username: String(raw['username'] ?? ''),
    created: String(raw['created'] ?? ''),
    cost: { N, r, p },
    salt: fromBase64(raw['salt'], where),
    data: fromBase64(raw['data'], where),
  };
}

/** @returns undefined when the password is not this key's */
export async function openKey(key: KeyFile, password: string, name: string): Promise<MasterKey | undefined> {
  await encryptionReady;
  const plaintext = decrypt(await deriveKey(password, key.salt, key.cost), key.data);
  if (plaintext === undefined) return undefined;
  const where = `keys/${name}`;
  const raw = parseJsonObject(plaintext, where);
  const mac = raw['mac'];
  if (typeof mac !== 'object' || mac === null || !('k' in mac) || !('r' in mac))
    throw damaged(where, 'no MAC key inside');
  const master = {
    encrypt: fromBase64(raw['encrypt'], where),
    macK: fromBase64(mac.k, where),
    macR: fromBase64(mac.r, where),
  };
  if (master.encrypt.length !== 32 || master.macK.length !== 16 || master.macR.length !== 16) {
    throw damaged(where, 'keys of a wrong length inside');
  }
  return master;
}

const scryptAsync = promisify<string, Uint8Array, number, object, Buffer>(scrypt);

async function deriveKey(password: string, salt: Uint8Array, { N, r, p }: ScryptCost): Promise<MasterKey> {
  const bytes = await scryptAsync(password, salt, 64, {
    N,
    r,
    p,
    maxmem: 128 * N * r + 128 * r * p + (1 << 20),
  });
  return { encrypt: bytes.subarray(0, 32), macK: bytes.subarray(32, 48), macR: bytes.subarray(48, 64) };
}

function parseJsonObject(bytes: Uint8Array, where: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    if (typeof value === 'object' && value !== null) return { ...value };
  } catch (cause) {
    throw damaged(where, 'not JSON', cause);
  }
  throw damaged(where, 'not a JSON object');
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 2 ** 31;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

function fromBase64(value: unknown, where: string): Uint8Array {
  if (typeof value !== 'string') throw damaged(where, 'a base64 text is missing');
  return Buffer.from(value, 'base64');
}
