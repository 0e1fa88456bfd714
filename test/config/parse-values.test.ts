import { describe, expect, test } from 'vitest';
import { nearest } from '../../src/config/nearest.ts';
import { parseDuration } from '../../src/config/parse-duration.ts';
import { parseLocation } from '../../src/config/parse-location.ts';
import { parseSize } from '../../src/config/parse-size.ts';
import { brief, GOOD } from './render-site.ts';

const MIB = 1024 * 1024;

describe('a duration', () => {
  test.each([
    ['90s', 90_000],
    ['15m', 900_000],
    ['24h', 86_400_000],
    ['7d', 604_800_000],
    ['2w', 1_209_600_000],
    ['999999w', 604_799_395_200_000],
  ])('%s is %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each([
    '',
    '24',
    'h',
    '0h',
    '024h',
    '1.5h',
    '-1h',
    '24H',
    '24 h',
    '1h30m',
    '1y',
    '1000000s',
    ' 24h',
    '24h\n',
  ])('%j is none, and the schema agrees', (text) => {
    expect(parseDuration(text)).toBeUndefined();
    expect(brief(`cadence: ${JSON.stringify(text)}\n${GOOD}`)).toHaveLength(1);
  });
});

describe('a size', () => {
  const withLimit = (text: string) =>
    GOOD.replace('mode: local', `mode: local\n    vzdump: { bwlimit: ${JSON.stringify(text)} }`);

  test.each([
    ['200MiB', 200 * MIB],
    ['200M', 200 * MIB],
    ['1G', 1024 * MIB],
    ['500MB', 500_000_000],
    ['4KiB', 4096],
    ['4096B', 4096],
    ['2T', 2 * MIB * MIB],
    ['1TB', 1e12],
  ])('%s is %d bytes, and the schema agrees', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
    expect(brief(withLimit(text))).toEqual([]);
  });

  test.each(['', '200', '0M', '1.5G', '200 MiB', '200mib', '200iB', 'MiB', '1P', '200Mi', '-1M', '200MiB\n'])(
    '%j is none, and the schema agrees',
    (text) => {
      expect(parseSize(text)).toBeUndefined();
      expect(brief(withLimit(text))).toHaveLength(1);
    },
  );
});

describe('a location', () => {
  test.each([
    ['proxmox://10.0.0.10', { host: '10.0.0.10', port: 22 }],
    ['proxmox://pve1.example.org:2222', { host: 'pve1.example.org', port: 2222 }],
    ['proxmox://10.0.0.10/', { host: '10.0.0.10', port: 22 }],
    ['proxmox://[2001:db8::10]', { host: '2001:db8::10', port: 22 }],
    ['proxmox://[::1]:2222', { host: '::1', port: 2222 }],
    ['proxmox://[fe80::1%eth0]', { host: 'fe80::1%eth0', port: 22 }],
  ])('%s is an address', (text, location) => {
    expect(parseLocation(text)).toEqual(location);
  });

  test.each([
    '',
    '10.0.0.10',
    'ssh://10.0.0.10',
    'proxmox://',
    'proxmox://root@10.0.0.10',
    'proxmox://10.0.0.10:0',
    'proxmox://10.0.0.10:65536',
    'proxmox://2001:db8::10',
    'proxmox://[10.0.0.10]',
    'proxmox://[::g]',
    'proxmox://10.0.0.10/path',
    'proxmox://10.0.0.10 ',
  ])('%j is none', (text) => {
    expect(parseLocation(text)).toBeUndefined();
  });
});

describe('a misspelt word', () => {
  test.each([
    ['conn_metod', 'conn_method'],
    ['conn_user', 'conn_username'],
    ['hots', 'hosts'],
    ['psoition', 'position'],
    ['Mode', 'mode'],
    ['x', undefined],
    ['schedule', undefined],
  ])('%s was meant to be %s', (word, meant) => {
    expect(nearest(word, ['conn_method', 'conn_username', 'hosts', 'position', 'mode'])).toBe(meant);
  });
});
