import { beforeAll, describe, expect, it } from 'vitest';
import {
  decrypt,
  decryptSlices,
  encrypt,
  encryptionReady,
  OVERHEAD_BYTES,
} from '../../src/repository/encryption.ts';
import { newMasterKey } from '../../src/repository/key-file.ts';
import { noise } from './noise.ts';

beforeAll(() => encryptionReady);
const key = newMasterKey();

describe('encryption', () => {
  it.each([0, 1, 15, 16, 17, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, (5 << 20) + 3])(
    'gives %d bytes back, whole and in slices',
    (length) => {
      const plaintext = noise(length, 3);
      const sealed = encrypt(key, [plaintext.subarray(0, 7), plaintext.subarray(7)]);
      expect(sealed).toHaveLength(length + OVERHEAD_BYTES);
      expect(Buffer.compare(decrypt(key, sealed) ?? Buffer.from('none'), plaintext)).toBe(0);
      expect(Buffer.compare(Buffer.concat([...decryptSlices(key, sealed)]), plaintext)).toBe(0);
    },
  );

  it.each([0, 16, 1 << 20, (2 << 20) + 40])('sees a bit flipped at byte %d', (at) => {
    const sealed = encrypt(key, [noise((2 << 20) + 9, 4)]);
    sealed[at] = (sealed[at] ?? 0) ^ 0x80;
    expect(decrypt(key, sealed)).toBeUndefined();
    const slices = decryptSlices(key, sealed);
    expect(slices.next()).toEqual({ done: true, value: false });
  });

  it('refuses what is shorter than nonce and MAC', () => {
    for (let length = 0; length < OVERHEAD_BYTES; length++)
      expect(decrypt(key, new Uint8Array(length))).toBeUndefined();
  });
});
