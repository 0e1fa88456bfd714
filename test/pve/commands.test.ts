import { describe, expect, test } from 'vitest';
import {
  canStartItself,
  guestCommand,
  guestPath,
  guestSetCommand,
  pctRestoreCommand,
  pveshGet,
  qmrestoreCommand,
  vzdumpCommand,
} from '../../src/pve/commands.ts';
import { type NodeName, parseNodeName, parseVmid, type Vmid } from '../../src/pve/guest.ts';

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('not parsed');
  return value;
}
const vmid: Vmid = required(parseVmid(101));
const node: NodeName = required(parseNodeName('pve1'));
const vzdump = { vmid, mode: 'snapshot', compress: '0', dumpDir: '/var/lib/vz/dump' } as const;
const base = [
  'vzdump',
  '101',
  '--stdout',
  '--mode',
  'snapshot',
  '--compress',
  '0',
  '--dumpdir',
  '/var/lib/vz/dump',
];
/** Nobody is told of a dump that went well. */
const quiet = ['--mailnotification', 'failure'];

describe('vzdump', () => {
  test.for([
    ['at its plainest', {}, []],
    ['for one node', { node }, ['--node', 'pve1']],
    ['with a short wait for the lock', { lockwaitMinutes: 0 }, ['--lockwait', '0']],
    ['held back', { bwlimitKiB: 204_800, ionice: 7 }, ['--bwlimit', '204800', '--ionice', '7']],
    ['waiting for a shutdown', { stopwaitMinutes: 5 }, ['--stopwait', '5']],
    [
      'without some paths',
      { excludePath: ['/a b', '*.tmp'] },
      ['--exclude-path', '/a b', '--exclude-path', '*.tmp'],
    ],
    ['with more threads', { pigzThreads: 4, zstdThreads: 0 }, ['--pigz', '4', '--zstd', '0']],
  ] as const)('%s', ([, changes, more]) => {
    expect(vzdumpCommand({ ...vzdump, ...changes })).toEqual([...base, ...more, ...quiet]);
  });

  test('gives each version the options that it knows', () => {
    const version = { release: '9.0', version: '9.0.3' };
    const asked = { fleecing: { storage: 'fast' }, performance: { maxWorkers: 4 } };
    expect(vzdumpCommand({ ...vzdump, ...asked, version })).toEqual([
      ...base,
      '--fleecing',
      'enabled=1,storage=fast',
      '--performance',
      'max-workers=4',
      '--notification-mode',
      'legacy-sendmail',
      ...quiet,
    ]);
    expect(vzdumpCommand({ ...vzdump, ...asked })).toEqual([...base, ...quiet]);
  });
});

describe('restores', () => {
  test.for([
    ['of a VM', {}, []],
    ['placed', { storage: 'local-lvm', pool: 'test' }, ['--storage', 'local-lvm', '--pool', 'test']],
    [
      'over an old one',
      { force: true, unique: true, bwlimitKiB: 0 },
      ['--bwlimit', '0', '--force', '1', '--unique', '1'],
    ],
    ['over no old one', { force: false }, []],
    ['started afterwards, as 9.1 can', { start: true }, ['--start', '1']],
  ] as const)('%s', ([, changes, more]) => {
    expect(qmrestoreCommand({ vmid, archive: '-', ...changes })).toEqual(['qmrestore', '-', '101', ...more]);
  });

  test.for([
    ['of a container', { rootfs: 'local:0' }, ['--rootfs', 'local:0']],
    ['of an unprivileged one', { unprivileged: true }, ['--unprivileged', '1']],
    ['of a privileged one', { unprivileged: false }, ['--unprivileged', '0']],
    [
      'with its mount points',
      { mountPoints: [{ key: 'mp0', value: 'fast:8,mp=/data,backup=1' }], start: true },
      ['--mp0', 'fast:8,mp=/data,backup=1', '--start', '1'],
    ],
  ] as const)('%s', ([, changes, more]) => {
    expect(pctRestoreCommand({ vmid, archive: '-', ...changes })).toEqual([
      'pct',
      'restore',
      '101',
      '-',
      ...more,
    ]);
  });
});

test.for([
  ['lxc', '7.4-19', true],
  ['qemu', '8.4.21', false],
  ['qemu', '9.0.11', false],
  ['qemu', '9.1.1', true],
  ['qemu', undefined, false],
] as const)('the tool that restores %s on %s starts the guest itself: %s', ([type, version, can]) => {
  expect(canStartItself(type, version === undefined ? undefined : { release: '', version })).toBe(can);
});

test.for([
  [guestCommand({ type: 'qemu', vmid }, 'stop'), ['qm', 'stop', '101']],
  [guestCommand({ type: 'lxc', vmid }, 'unlock'), ['pct', 'unlock', '101']],
  [
    guestSetCommand({ type: 'lxc', vmid }, { description: "it's" }),
    ['pct', 'set', '101', '--description', "it's"],
  ],
  [pveshGet('/version'), ['pvesh', 'get', '/version', '--output-format', 'json']],
  [
    pveshGet('/pools', { poolid: 'a/b' }),
    ['pvesh', 'get', '/pools', '--poolid', 'a/b', '--output-format', 'json'],
  ],
] as const)('%j', ([argv, expected]) => {
  expect(argv).toEqual(expected);
});

test('the API keeps a guest under its node', () => {
  expect(guestPath(node, { type: 'qemu', vmid })).toBe('/nodes/pve1/qemu/101');
});
