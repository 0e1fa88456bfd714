import { describe, expect, it } from 'vitest';
import { encodeConfig, newConfig, parseConfig } from '../../src/repository/config-file.ts';

describe('the config of a repository', () => {
  it('is read as it was written, version 2', () => {
    const config = newConfig();
    expect(parseConfig(encodeConfig(config))).toEqual(config);
    expect(config.version).toBe(2);
  });

  it('of version 1 is read too', () => {
    const config = { ...newConfig(), version: 1 as const };
    expect(parseConfig(encodeConfig(config))).toEqual(config);
  });

  const good = {
    version: 2,
    id: 'ab'.repeat(32),
    chunker_polynomial: newConfig().chunkerPolynomial.toString(16),
  };
  it.each([
    ['no JSON', '{', 'not JSON'],
    ['null', 'null', 'version undefined of the format is not known'],
    ['version 3', { ...good, version: 3 }, 'version 3 of the format is not known'],
    ['version "2"', { ...good, version: '2' }, 'version 2 of the format is not known'],
    ['a short id', { ...good, id: 'ab' }, 'the id is wrong'],
    ['no polynomial', { ...good, chunker_polynomial: undefined }, 'the chunker polynomial is wrong'],
    [
      'a polynomial of degree 52',
      { ...good, chunker_polynomial: '1fffffffffffff' },
      'the chunker polynomial is wrong',
    ],
    [
      'a polynomial that can be divided',
      { ...good, chunker_polynomial: '20000000000000' },
      'the chunker polynomial is wrong',
    ],
    [
      'a polynomial that is no number',
      { ...good, chunker_polynomial: 'x' },
      'the chunker polynomial is wrong',
    ],
  ])('with %s is damaged', (_, raw, message) => {
    const text = typeof raw === 'string' ? raw : JSON.stringify(raw);
    expect(() => parseConfig(Buffer.from(text))).toThrow(`config: ${message}`);
  });
});
