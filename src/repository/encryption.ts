import {
  type Cipheriv,
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import sodium from 'libsodium-wrappers-sumo';
import { releaseMemory } from './release-memory.ts';

/**
 * restic's encryption (design document, "Keys, Encryption and MAC"): AES-256 in counter mode, then
 * Poly1305-AES over the ciphertext.
 *
 *     0        16                     n - 16    n
 *     | nonce  | ciphertext           | MAC     |
 *
 * The Poly1305 one-time key is r followed by AES-128(k, nonce).
 */
export interface MasterKey {
  /** 32 bytes */
  readonly encrypt: Uint8Array;
  /** 16 bytes */
  readonly macK: Uint8Array;
  /** 16 bytes */
  readonly macR: Uint8Array;
}

export const NONCE_BYTES = 16;
export const MAC_BYTES = 16;
/** What encryption adds to a plaintext. */
export const OVERHEAD_BYTES = NONCE_BYTES + MAC_BYTES;

const SLICE_BYTES = 1 << 20;

/** Must have resolved before anything here is called. */
export const encryptionReady: Promise<void> = sodium.ready;

/** Encrypts the parts as one plaintext. The result has an ArrayBuffer of its own. */
export function encrypt(key: MasterKey, parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const sealed = new Uint8Array(length + OVERHEAD_BYTES);
  const { nonce, cipher } = startEncryption(key);
  sealed.set(nonce, 0);
  let at = NONCE_BYTES;
  for (const part of parts) {
    const encrypted = cipher.update(part);
    sealed.set(encrypted, at);
    releaseMemory(encrypted);
    at += part.length;
  }
  sealed.set(authenticate(key, nonce, sealed.subarray(NONCE_BYTES, at)), at);
  return sealed;
}

/** The same of one part, into memory that may be shared. @param sealed OVERHEAD_BYTES longer than the plaintext */
export function encryptInto(key: MasterKey, plaintext: Uint8Array, sealed: Uint8Array): void {
  const { nonce, cipher } = startEncryption(key);
  const ciphertext = cipher.update(plaintext);
  sealed.set(nonce, 0);
  sealed.set(authenticate(key, nonce, ciphertext), sealed.length - MAC_BYTES);
  // Shared memory is written and read at half the speed by all but `copy`: somebody else might be at it.
  ciphertext.copy(sealed, NONCE_BYTES);
  releaseMemory(ciphertext);
}

function startEncryption(key: MasterKey) {
  const nonce = randomBytes(NONCE_BYTES);
  return { nonce, cipher: createCipheriv('aes-256-ctr', preparedKey(key).encrypt, nonce) };
}

/**
 * Decrypts what `encrypt` made.
 * @returns undefined when the MAC does not match or there are too few bytes
 */
export function decrypt(key: MasterKey, sealed: Uint8Array): Buffer | undefined {
  const opened = startDecryption(key, sealed);
  return opened?.decipher.update(opened.ciphertext);
}

/** Like `decrypt`, plaintext in slices of 1 MiB; the whole was authenticated before the first one. */
export function* decryptSlices(key: MasterKey, sealed: Uint8Array): Generator<Uint8Array, boolean> {
  const opened = startDecryption(key, sealed);
  if (opened === undefined) return false;
  for (let at = 0; at < opened.ciphertext.length; at += SLICE_BYTES) {
    yield opened.decipher.update(opened.ciphertext.subarray(at, at + SLICE_BYTES));
  }
  return true;
}

function startDecryption(key: MasterKey, sealed: Uint8Array) {
  if (sealed.length < OVERHEAD_BYTES) return undefined;
  const nonce = sealed.subarray(0, NONCE_BYTES);
  const ciphertext = sealed.subarray(NONCE_BYTES, sealed.length - MAC_BYTES);
  const expected = authenticate(key, nonce, ciphertext);
  if (!sodium.memcmp(expected, sealed.subarray(sealed.length - MAC_BYTES))) return undefined;
  return { ciphertext, decipher: createDecipheriv('aes-256-ctr', preparedKey(key).encrypt, nonce) };
}

function authenticate(key: MasterKey, nonce: Uint8Array, ciphertext: Uint8Array): Uint8Array {
  const oneTimeKey = Buffer.concat([key.macR, preparedKey(key).mac.update(nonce)]);
  if (ciphertext.length <= SLICE_BYTES) return sodium.crypto_onetimeauth(ciphertext, oneTimeKey);
  const state = sodium.crypto_onetimeauth_init(oneTimeKey);
  for (let at = 0; at < ciphertext.length; at += SLICE_BYTES) {
    sodium.crypto_onetimeauth_update(state, ciphertext.subarray(at, at + SLICE_BYTES));
  }
  return sodium.crypto_onetimeauth_final(state);
}

interface PreparedKey {
  readonly encrypt: KeyObject;
  /** A block at a time, without padding: each is by itself. */
  readonly mac: Cipheriv;
}

/** To make these anew for each blob takes longer than to hash a small one. */
const prepared = new WeakMap<MasterKey, PreparedKey>();

function preparedKey(key: MasterKey): PreparedKey {
  const known = prepared.get(key);
  if (known !== undefined) return known;
  const mac = createCipheriv('aes-128-ecb', key.macK, null);
  mac.setAutoPadding(false);
  const made = { encrypt: createSecretKey(key.encrypt), mac };
  prepared.set(key, made);
  return made;
}
