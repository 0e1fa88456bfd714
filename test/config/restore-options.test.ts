import { describe, expect, test } from 'vitest';
import { brief, GOOD, parse } from './render-site.ts';

function withRestore(line: string): string {
  return `${GOOD}restores:\n  - { name: back, guest: qemu/101, from: pve, to: { host: pve }, ${line} }\n`;
}

describe('a restore', () => {
  test('says nothing of what it was not told', () => {
    expect(parse(withRestore('manual: true')).restores[0]).toEqual({
      name: 'back',
      repository: 'main',
      snapshot: 'latest',
      guest: { type: 'qemu', vmid: 101 },
      fromHostId: 'pve',
      to: { host: 'pve', vmid: 101, unique: false, start: false },
      onExisting: 'fail',
      manual: true,
    });
  });

  test.each([
    ['bwlimit: 100MiB', { bwlimitKiB: 102_400 }],
    ['before: 2026-11-01', { before: Date.UTC(2026, 10, 1) }],
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
    ['when: changed', '"when" is not supported yet'],
  ])('%s is refused', (written, message) => {
    expect(brief(withRestore(written)).join('\n')).toContain(message);
  });
});
