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
    ['allow: [host-access]', { allow: ['host-access'] }],
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
    ['order: first', '"first" is not an order'],
    ['allow: [replace]', 'cannot be "replace"'],
    ['allow: host-access', '"allow" must be a list, not text'],
    ['order: -1', '-1 is not an order'],
    ['order: startup', '"order" does not go with "guest"; of one guest it is a number'],
    ['map: {}', '"map" is empty; give at least one of storage and bridge'],
    ['map: { storage: {} }', '"storage" is empty'],
    ['map: { storage: { a/b: c } }', '"a/b" is not a storage'],
    ['map: { storage: { a: 7 } }', '7 is not a storage'],
    ['map: { bridge: { vmbr0: "-x" } }', '"-x" is not a bridge'],
    ['map: { pool: { a: b } }', 'unknown key "pool"'],
    ['select: { host: pve }', '"guest" and "select" are given together'],
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
      'lxc/105 onto itself, and may not overwrite; choose another vmid, or allow it with on_existing: replace',
    ],
    [
      'onto its own source, whenever that is backed up',
      'to: { host: pve }, on_existing: replace, when: changed',
      'to: { host: pve, vmid: 905 }',
      'qemu/101 onto itself again and again, whenever there is a newer backup; choose another vmid',
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
      'puts its source back when it is named',
      'to: { host: pve }, on_existing: replace, when: changed, manual: true',
      'to: { host: pve, vmid: 905 }',
    ],
    [
      'goes where another goes that is manual',
      'to: { host: pve, vmid: 901 }, manual: true',
      'to: { host: pve, vmid: 901 }',
    ],
  ])('that %s is none of those', (_, first, second) => {
    expect(both(first, second)).toBe('');
  });
});

function withGroup(keys: string, to = 'host: pve, vmid_offset: 1000'): string {
  return `${GOOD}restores:\n  - { name: dr, ${keys}, to: { ${to} } }\n`;
}

describe('a restore with select', () => {
  test('says nothing of what it was not told', () => {
    expect(parse(withGroup('select: { host: pve }')).restores[0]).toEqual({
      name: 'dr',
      repository: 'main',
      select: { fromHostId: 'pve', tags: [] },
      to: { host: 'pve', vmidOffset: 1000, unique: false, start: false },
      onExisting: 'fail',
      manual: false,
    });
  });

  test.each([
    ['select: { host: pve, tags: gold }', { select: { tags: ['gold'] } }],
    [
      'select: { host: pve, node: fra1, pool: prod/web, tags: [gold, web], within: 30d }',
      { select: { node: 'fra1', pool: 'prod/web', tags: ['gold', 'web'], withinMs: 30 * 86_400_000 } },
    ],
    ['select: { host: pve }, order: 3', { order: { kind: 'rank', rank: 3 } }],
    ['select: { host: pve }, order: startup', { order: { kind: 'startup' } }],
    [
      'select: { host: pve }, order: [lxc/105, qemu/101]',
      {
        order: {
          kind: 'guests',
          guests: [
            { type: 'lxc', vmid: 105 },
            { type: 'qemu', vmid: 101 },
          ],
        },
      },
    ],
    ['select: { host: pve }, before: 2026-11-01', { before: Date.UTC(2026, 10, 1) }],
  ])('%s', (written, meant) => {
    expect(parse(withGroup(written)).restores[0]).toMatchObject(meant);
  });

  test('goes onto itself when it may overwrite', () => {
    const text = withGroup('select: { host: pve }, on_existing: replace', 'host: pve');
    expect(parse(text).restores[0]).toMatchObject({ to: { vmidOffset: 0 } });
  });

  test.each([
    ['select: { pool: prod }', 'host: pve, vmid_offset: 1', 'missing key "host" in "select"'],
    ['select: { host: pev }', 'host: pve, vmid_offset: 1', 'no host is called "pev"; did you mean "pve"?'],
    ['select: { host: pve, pools: prod }', 'host: pve, vmid_offset: 1', 'unknown key "pools"'],
    ['select: { host: pve }, from: pve', 'host: pve, vmid_offset: 1', '"from" does not go with "select"'],
    ['select: { host: pve }', 'host: pve, vmid: 901', '"vmid" does not go with "select"'],
    [
      'select: { host: pve }, snapshot: 4f1c22aa',
      'host: pve, vmid_offset: 1',
      '"snapshot" does not go with "select"; before chooses older ones',
    ],
    ['select: { host: pve }, order: [vm/101]', 'host: pve, vmid_offset: 1', '"vm/101" is not a guest'],
    ['select: { host: pve }, order: []', 'host: pve, vmid_offset: 1', '"order" is empty'],
    [
      'select: { host: pve }',
      'host: pve',
      'it restores guests onto themselves, and may not overwrite; give a vmid_offset',
    ],
    ['select: { host: pve }', 'host: pve, vmid_offset: x', '"vmid_offset" must be a whole number'],
    ['guest: qemu/101, from: pve', 'host: pve, vmid_offset: 1', '"vmid_offset" does not go with "guest"'],
    ['guest: qemu/101', 'host: pve, vmid: 901', 'missing key "from"'],
    ['from: pve', 'host: pve, vmid: 901', 'exactly one of guest and select'],
  ])('%s to { %s } is refused', (keys, to, message) => {
    expect(brief(withGroup(keys, to)).join('\n')).toContain(message);
  });
});
