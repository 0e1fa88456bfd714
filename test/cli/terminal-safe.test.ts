import { describe, expect, it } from 'vitest';
import { terminalSafe } from '../../src/cli/view/terminal-safe.ts';

describe('text for a terminal', () => {
  it.each([
    ['an escape sequence', '\u001b[31m', '\\u{1b}[31m'],
    ['a C1 control', '\u009b2J', '\\u{9b}2J'],
    ['a line break', 'a\nb', 'a\\u{a}b'],
    ['a right-to-left override', '\u202egpj', '\\u{202e}gpj'],
    ['an isolate', '\u2066x', '\\u{2066}x'],
    ['a space without width', 'a\u200bb', 'a\\u{200b}b'],
    ['half of a surrogate pair', '\ud83d', '\\u{d83d}'],
  ])('shows %s instead of obeying it', (_, text, safe) => {
    expect(terminalSafe(text)).toBe(safe);
  });

  it('leaves letters of any script alone', () => {
    expect(terminalSafe('web-1 Büro 東京 💾')).toBe('web-1 Büro 東京 💾');
  });
});
