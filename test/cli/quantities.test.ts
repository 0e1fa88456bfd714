import { describe, expect, it } from 'vitest';
import { count, formatBytes, formatDuration, formatMoment } from '../../src/cli/view/quantities.ts';

describe('quantities for people', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1 KiB'],
    [1.5 * 2 ** 20, '1.5 MiB'],
    [2 ** 30 - 1, '1 GiB'],
    [120.4 * 2 ** 30, '120 GiB'],
    [8 * 2 ** 40, '8 TiB'],
    [4096 * 2 ** 50, '4096 PiB'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it.each([
    [0, '0 s'],
    [59_999, '59 s'],
    [60_000, '1 min'],
    [3_599_999, '59 min'],
    [84_000_000, '23 h 20 min'],
    [86_400_000, '24 h'],
    [172_800_000, '48 h'],
    [273_600_000, '3 d 4 h'],
    [604_800_000, '7 d'],
  ])('%d milliseconds are %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it.each([
    ['Europe/Berlin', 'Mon 23 Nov 02:00 CET'],
    ['UTC', 'Mon 23 Nov 01:00 UTC'],
  ])('a moment in %s is %s', (zone, text) => {
    expect(formatMoment(Date.UTC(2026, 10, 23, 1), zone)).toBe(text);
  });

  it('counts in the singular and the plural', () => {
    expect([count(1, 'guest'), count(0, 'guest')]).toEqual(['1 guest', '0 guests']);
  });
});
