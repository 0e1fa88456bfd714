import { hash } from 'node:crypto';
import { zstdCompressSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { decrypt, encrypt, encryptionReady } from '../../src/repository/encryption.ts';
import { newMasterKey } from '../../src/repository/key-file.ts';
import { loadUnpacked, openUnpacked, saveUnpacked } from '../../src/repository/unpacked-file.ts';
import { MemoryBackend } from './memory-backend.ts';
import { userErrorOf } from './user-error-of.ts';

const key = newMasterKey();
const JSON_TEXT = Buffer.from(JSON.stringify({ text: 'x'.repeat(1000) }));

beforeAll(() => encryptionReady);

describe('an unpacked file', () => {
  it.each([
    ['compressed, behind the byte 2, in version 2', true, 2],
    ['as the JSON that it is, in version 1', false, 0x7b],
  ])('is stored %s', async (_, compress, encoding) => {
    const backend = new MemoryBackend();
    const name = await saveUnpacked(backend, key, { type: 'index', plaintext: JSON_TEXT, compress });
    const stored = await backend.load({ type: 'index', name });
    expect(name).toBe(hash('sha256', stored, 'hex'));
    expect(decrypt(key, stored)?.[0]).toBe(encoding);
    expect(Buffer.from(await loadUnpacked(backend, key, { type: 'index', name }))).toEqual(JSON_TEXT);
  });

  const open = (plaintext: Uint8Array, change: (stored: Uint8Array) => void = () => undefined) => {
    const stored = encrypt(key, [plaintext]);
    change(stored);
    return openUnpacked(key, stored, `index/${hash('sha256', stored, 'hex')}`);
  };
  const flip = (stored: Uint8Array) => stored.fill((stored[20] ?? 0) ^ 1, 20, 21);
  const bomb = () => zstdCompressSync(Buffer.alloc((1 << 28) + 1));

  it('may be a list', async () => {
    expect(Buffer.from(await open(Buffer.from('[]'))).toString()).toBe('[]');
  });

  it.each([
    ['a flipped bit under a name that fits', () => open(JSON_TEXT, flip), 'the MAC is wrong'],
    ['an unknown encoding', () => open(Uint8Array.of(3, 4)), 'the encoding 3 is not known'],
    ['nothing inside', () => open(new Uint8Array()), 'the encoding undefined is not known'],
    ['no zstd behind the byte 2', () => open(Uint8Array.of(2, 1, 2, 3)), 'it cannot be decompressed'],
    [
      'half of the zstd',
      () => open(Buffer.concat([Uint8Array.of(2), zstdCompressSync(JSON_TEXT).subarray(0, 12)])),
      'it cannot be decompressed',
    ],
    [
      'more than 256 MiB inside',
      () => open(Buffer.concat([Uint8Array.of(2), bomb()])),
      'it cannot be decompressed',
    ],
    [
      'another name',
      () => openUnpacked(key, encrypt(key, [JSON_TEXT]), `index/${'ab'.repeat(32)}`),
      'does not match the name',
    ],
  ])('with %s is damaged, and named', async (_, work, message) => {
    const error = await userErrorOf(work());
    expect(error.code).toBe('repository-damaged');
    expect(error.message).toMatch(/^index\/[0-9a-f]{64}: /);
    expect(error.message).toContain(message);
  });
});
