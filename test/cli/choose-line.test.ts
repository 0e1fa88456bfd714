import { describe, expect, it } from 'vitest';
import { chooseLine } from '../../src/cli/choose-line.ts';
import { lineAdoptions } from '../../src/cli/line-adoptions.ts';
import type { PvebakRecord } from '../../src/records/record.ts';
import { UserError } from '../../src/user-error.ts';
import { backup, guest, HOUR, line, ref, snapshotId } from '../plan/sample-site.ts';

const web = guest('qemu/101');
const git = guest('lxc/105');
const snapshots = [
  backup(web, 3 * HOUR, { id: snapshotId('aa01'), line: line('f0') }),
  backup(web, HOUR, { id: snapshotId('aa02'), original: snapshotId('0f02') }),
  backup(web, 2 * HOUR, { id: snapshotId('aa03') }),
  backup(git, HOUR, { id: snapshotId('ab01') }),
  backup(git, HOUR, { id: snapshotId('ac01'), hostId: 'ber', line: line('b5') }),
  backup(git, HOUR, { id: snapshotId('ad01'), hostId: 'lab', line: undefined }),
];
const choose = (text: string, mayBeNew = false) => chooseLine(snapshots, text, { mayBeNew });

describe('a line is named', () => {
  it.each([
    ['by its digits', line('f0'), line('f0')],
    ['by a guest, for its newest', 'qemu/101', web.identity.line],
    ['by a guest of one of several hosts', 'ber/lxc/105', line('b5')],
    ['by a snapshot', 'aa01', line('f0')],
    ['by what a snapshot was called before restic rewrote it', '0f02', web.identity.line],
  ])('%s', (_, text, expected) => {
    expect(choose(text).line).toBe(expected);
    expect(choose(text).place?.guest.type).toBe(text.includes('lxc') ? 'lxc' : 'qemu');
  });

  it('by digits of which there is no backup only where that may be', () => {
    expect(choose(line('e0'), true)).toEqual({ line: line('e0'), place: undefined });
    expect(() => choose(line('e0'))).toThrow('there is no backup of 00000000000000e0');
  });

  it.each([
    ['a guest of several hosts', 'lxc/105', /several hosts have backups of a lxc\/105: pve, ber, lab/],
    ['a guest without backups', 'qemu/999', /there is no backup of qemu\/999/],
    ['a guest of a host without backups of it', 'ber/qemu/101', /there is no backup of ber\/qemu\/101/],
    ['no guest', 'vm/101', /vm\/101 is no guest/],
    ['a snapshot that does not tell', 'ad01', /ad010000 does not tell whose it is/],
    ['no such snapshot', 'beef', /there is no backup of beef/],
    ['nothing', '', /there is no backup of /],
  ])('and refused as %s', (_, text, expected) => {
    expect(() => choose(text)).toThrow(expected);
    expect(() => choose(text)).toThrow(UserError);
  });

  it('and refused where a few digits fit several lines', () => {
    const many = snapshots.map((one) => ({ ...one, id: `aaaa${one.id}`.slice(0, 64) }));
    expect(() => chooseLine(many, 'aaaa', { mayBeNew: false })).toThrow('aaaa fits snapshots of 5 guests');
  });
});

describe('what records say of lines', () => {
  const record = (change: Partial<Extract<PvebakRecord, { kind: 'adopt' }>>, time: number) => ({
    record: {
      kind: 'adopt',
      from: { line: line('a'), hostname: 'fra', path: '/qemu/101' },
      to: { line: line('b') },
      reason: '',
      ...change,
    } as const,
    time,
  });

  it('is that of the newest of each', () => {
    const records = [record({}, 1), record({ to: { line: line('c') } }, 2)];
    expect([...lineAdoptions(records)]).toEqual([
      [line('a'), { to: line('c'), from: { hostId: 'fra', guest: ref('qemu/101') } }],
    ]);
    expect(lineAdoptions([...records, record({ undone: true }, 3)]).get(line('a'))).toMatchObject({
      to: line('b'),
      undone: true,
    });
  });

  it('knows no place where a path is none of a guest', () => {
    const from = { line: line('a'), hostname: 'fra', path: '/node/fra1' };
    expect(lineAdoptions([record({ from }, 1)]).get(line('a'))).toEqual({ to: line('b') });
  });
});
