import { describe, expect, it } from 'vitest';
import { namePattern } from '../../src/browse/name-pattern.ts';
import { nameText, unescapedName } from '../../src/browse/name-text.ts';

const latin1 = (text: string) => Buffer.from(text, 'latin1');

describe('a pattern for names', () => {
  it.each([
    ['passwd', 'passwd', true],
    ['passwd', 'passwd-', false],
    ['*.conf', 'a.conf', true],
    ['*.conf', '.conf', true],
    ['*.conf', 'a.conf.d', false],
    ['a*b*c', 'a-b-b-c', true],
    ['a*b*c', 'a-c-b', false],
    ['**', '', true],
    ['?', 'ä', true],
    ['?', '', false],
    ['file?', 'file', false],
    ['\\*', '*', true],
    ['\\*', 'x', false],
    ['\\\\', '\\', true],
    ['a.c', 'abc', false],
    ['[ab]', 'a', false],
    ['PASSWD', 'passwd', false],
  ])('%s and the name %s: %s', (pattern, name, expected) => {
    expect(namePattern(pattern, { ignoreCase: false })(Buffer.from(name))).toBe(expected);
  });

  it.each([
    ['caf?', true],
    ['caf\\xe9', true],
    ['caf??', false],
    ['café', false],
  ])('%s meets a name that is no UTF-8: %s', (pattern, expected) => {
    expect(namePattern(pattern, { ignoreCase: false })(latin1('caf\xe9'))).toBe(expected);
  });

  it('meets a character of UTF-8 that is given as bytes', () => {
    expect(namePattern('caf\\xc3\\xa9', { ignoreCase: false })(Buffer.from('café'))).toBe(true);
  });

  it('can take capital and small letters for the same', () => {
    expect(namePattern('Readme.*', { ignoreCase: true })(Buffer.from('README.md'))).toBe(true);
    expect(namePattern('ÄRGER', { ignoreCase: true })(Buffer.from('ärger'))).toBe(true);
  });

  it.each([[''], ['etc/passwd'], ['a\\']])('is refused: "%s"', (pattern) => {
    expect(() => namePattern(pattern, { ignoreCase: false })).toThrow(
      expect.objectContaining({ code: 'usage' }),
    );
  });

  it('takes no time, however many stars are in it', () => {
    const began = performance.now();
    expect(namePattern(`${'*a'.repeat(40)}b`, { ignoreCase: false })(Buffer.alloc(255, 'a'))).toBe(false);
    expect(performance.now() - began).toBeLessThan(5000);
  });
});

describe('a name as text', () => {
  it.each([
    ['plain', 'plain'],
    ['with "quotes"', 'with "quotes"'],
    ['back\\slash', 'back\\\\slash'],
    ['\\"', '\\\\"'],
    ['line\nfeed', 'line\\nfeed'],
    ['\x1b[2J', '\\x1b[2J'],
    ['abc\u202egnp', 'abc\\u202egnp'],
    ['grün', 'grün'],
  ])('%j is shown as %s, and read back', (name, text) => {
    expect(nameText(Buffer.from(name))).toBe(text);
    expect(Buffer.from(unescapedName(text) ?? Buffer.from(text)).toString()).toBe(name);
  });

  it('keeps bytes that are no UTF-8', () => {
    expect(nameText(latin1('caf\xe9'))).toBe('caf\\xe9');
    expect(unescapedName('caf\\xe9')).toEqual(latin1('caf\xe9'));
    expect(unescapedName('caf\\q')).toBeUndefined();
  });
});
