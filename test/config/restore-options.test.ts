import { describe, expect, test } from 'vitest';
import { brief, GOOD, parse } from './render-site.ts';

function withRestore(line: string): string {
  return `${GOOD}restores:\n  - { name: copy, guest: qemu/101, from: pve, to: { host: pve, vmid: 901 }, ${line} }\n`;
}

describe('a restore', () => {
  test('says nothing of what it was not told', () => {
    expect(parse(withRestore('manual: true')).restores[0]).toEqual({
      name: 'copy',
      repository: 'main',
      snapshot: 'latest',
      guest: { type: 'qemu', vmid: 101 },
      fromHostId: 'pve',
      to: { host: 'pve', vmid: 901, unique: false, start: false },
      onExisting: 'fail',
      manual: true,
    });
  });

  test.each([
    ['bwlimit: 100MiB', { bwlimitKiB: 102_400 }],
    ['before: 2026-11-01', { before: Date.UTC(2026, 10, 1) }],
    ['before: 2026-11-01T18:30:00+01:00', { before: Date.UTC(2026, 10, 1, 17, 30) }],
    ['before: 2026-11-01T18:30:00.5Z', { before: Date.UTC(2026, 10, 1, 18, 30, 0, 500) }],
    ['when: missing', { onExisting: 'fail' }],
    ['when: changed, on_existing: replace', { when: 'changed', onExisting: 'replace' }],
    ['mode: staged', { mode: 'staged' }],
    ['mode: streamed', { mode: 'streamed' }],
    ['order: 0', { order: 0 }],
    [
      'map: { storage: { local-lvm: ceph, local: ceph } }',
      {
        map: {
          storage: new Map([
            ['local-lvm', 'ceph'],
            ['local', 'ceph'],
          ]),
          bridge: new Map(),
        },
      },
    ],
    [
      'map: { bridge: { vmbr1: vmbr0 } }',
      { map: { storage: new Map(), bridge: new Map([['vmbr1', 'vmbr0']]) } },
    ],
  ])('%s', (written, meant) => {
    expect(parse(withRestore(written)).restores[0]).toMatchObject(meant);
  });

  test.each([
    ['before: 2026-02-30', 'there is no day 2026-02-30'],
    ['before: 2026-02-30T12:00:00Z', 'there is no day 2026-02-30'],
    ['before: 2026-11-01T24:00:00Z', '"2026-11-01T24:00:00Z" is not a day or moment'],
    ['before: 2026-11-01T12:00:00', '"2026-11-01T12:00:00" is not a day or moment'],
    ['before: yesterday', '"yesterday" is not a'],
    ['before: 2026-11-01, snapshot: 4f1c22aa', 'an id says which snapshot is meant'],
    ['bwlimit: 100', '100 is not a size'],
    ['mode: stream', '"mode" cannot be "stream"'],
    ['order: first', '"order" must be a whole number, not text'],
    ['order: -1', '"order" must be at least 0'],
    ['map: {}', '"map" is empty; give at least one of storage and bridge'],
    ['map: { storage: {} }', '"storage" is empty'],
    ['map: { storage: { a/b: c } }', '"a/b" is not a storage'],
    ['map: { storage: { a: 7 } }', '7 is not a storage'],
    ['map: { bridge: { vmbr0: "-x" } }', '"-x" is not a bridge'],
    ['map: { pool: { a: b } }', 'unknown key "pool"'],
    ['select: { pool: prod }', '"select" is not supported yet; this version restores one guest per entry'],
    [
      'when: changed',
      '"when: changed" overwrites the guest that it restored before; say so with on_existing: replace',
    ],
    ['when: always', '"when" cannot be "always"'],
  ])('%s is refused', (written, message) => {
    expect(brief(withRestore(written)).join('\n')).toContain(message);
  });

  const HOSTS = GOOD.replace('mode: local', 'mode: local\n    id: site-a');
  const both = (first: string, second: string) =>
    brief(
      `${HOSTS}restores:\n  - { name: a, guest: qemu/101, from: pve, ${first} }\n  - { name: b, guest: lxc/105, from: site-a, ${second} }\n`,
    ).join('\n');

  test.each([
    ['onto its own source', 'to: { host: pve }', 'to: { host: pve, vmid: 905 }', 'qemu/101 onto itself'],
    [
      'onto its own source, which it names by its id',
      'to: { host: pve, vmid: 901 }',
      'to: { host: pve, vmid: 105 }',
      'lxc/105 onto itself, and may not overwrite it; choose another vmid, or allow it with on_existing: replace',
    ],
    [
      'to where another one goes',
      'to: { host: pve, vmid: 901 }',
      'to: { host: pve, vmid: 901 }',
      'another restore goes to vmid 901 on pve as well',
    ],
  ])('%s is refused', (_, first, second, message) => {
    expect(both(first, second)).toContain(message);
  });

  test.each([
    ['may overwrite its source', 'to: { host: pve }, on_existing: replace', 'to: { host: pve, vmid: 905 }'],
    [
      'goes where another goes that is manual',
      'to: { host: pve, vmid: 901 }, manual: true',
      'to: { host: pve, vmid: 901 }',
    ],
  ])('that %s is none of those', (_, first, second) => {
    expect(both(first, second)).toBe('');
  });
});
