import { describe, expect, it } from 'vitest';
import { newMasterKey, openKey, parseKeyFile, sealKey } from '../../src/repository/key-file.ts';
import { QUICK_COST } from './sample-repository.ts';

const ABOUT = { hostname: 'h', username: 'u', created: '2026-11-22T18:00:00Z', cost: QUICK_COST };

describe('a key file', () => {
  it('gives the master key to who knows the password, and nothing to others', async () => {
    const master = newMasterKey();
    const key = parseKeyFile(await sealKey(master, 'pässword', ABOUT), 'k');
    const opened = await openKey(key, 'pässword', 'k');
    expect(opened).toEqual(master);
    for (const wrong of ['password', '', 'pässword ']) expect(await openKey(key, wrong, 'k')).toBeUndefined();
  });

  it('says who made it, when, and at which cost', async () => {
    const key = parseKeyFile(await sealKey(newMasterKey(), 'p', ABOUT), 'k');
    expect(key).toMatchObject(ABOUT);
    expect(key.salt).toHaveLength(64);
  });

  const good = { kdf: 'scrypt', N: 1024, r: 8, p: 1, salt: 'AA==', data: 'AA==' };
  it.each([
    ['another derivation function', { kdf: 'pbkdf2' }, 'is not scrypt'],
    ['no N', { N: undefined }, 'parameters are wrong'],
    ['N = 0', { N: 0 }, 'parameters are wrong'],
    ['an N that is no power of two', { N: 1000 }, 'parameters are wrong'],
    ['N in words', { N: '1024' }, 'parameters are wrong'],
    ['a negative r', { r: -8 }, 'parameters are wrong'],
    ['half of p', { p: 0.5 }, 'parameters are wrong'],
    ['a p of 2^32', { p: 2 ** 32 }, 'parameters are wrong'],
    ['2 GiB of memory', { N: 1 << 21 }, 'beyond what is accepted'],
    ['4 TiB of memory', { N: 2 ** 30, r: 32 }, 'beyond what is accepted'],
    ['hours of work', { N: 1 << 20, p: 1 << 20 }, 'beyond what is accepted'],
    ['no salt', { salt: undefined }, 'base64 text is missing'],
    ['a number for data', { data: 1 }, 'base64 text is missing'],
  ])('that asks for %s is refused before anything is computed', (_, change, message) => {
    const text = JSON.stringify({ ...good, ...change });
    expect(() => parseKeyFile(Buffer.from(text), 'k')).toThrow(`keys/k: `);
    expect(() => parseKeyFile(Buffer.from(text), 'k')).toThrow(message);
  });

  it.each([
    ['{', 'not JSON'],
    ['[]', 'is not scrypt'],
    ['null', 'not a JSON object'],
    ['1', 'not a JSON object'],
  ])('of the text %s is refused', (text, message) => {
    expect(() => parseKeyFile(Buffer.from(text), 'k')).toThrow(message);
  });
});
