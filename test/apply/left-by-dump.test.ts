import { describe, expect, it } from 'vitest';
import type { ApplyHost } from '../../src/apply/apply-host.ts';
import { leftByDump, leftText } from '../../src/apply/left-by-dump.ts';
import { type GuestRef, type NodeName, parseGuestRef, parseNodeName } from '../../src/pve/guest.ts';
import type { Leftover } from '../../src/pve/wrapper/leftovers.ts';
import { openLocalShell } from '../../src/transport/local-shell.ts';
import { UserError } from '../../src/user-error.ts';

const guest = guestOf('qemu/101');
const node = nodeOf('pve1');

describe('what a dump has left is told with the command that cleans it', () => {
  it.each<[Leftover, string]>([
    [
      { kind: 'lock', what: 'backup', command: ['qm', 'unlock', '101'] },
      'left on pve1: qemu/101 is locked (backup); clean with: qm unlock 101',
    ],
    [
      { kind: 'prelaunch', what: 'qemu/101', command: ['qm', 'stop', '101'] },
      'left on pve1: qemu/101 was started for the dump and waits (prelaunch); clean with: qm stop 101',
    ],
    [
      { kind: 'worker', what: 'UPID:pve1:…', command: ['kill', '4242'] },
      'left on pve1: a vzdump of qemu/101 that still runs; if it does not end within two minutes: kill 4242',
    ],
    [
      { kind: 'dump-log', what: '/my dumps/x.log', command: ['rm', '-rf', '--', '/my dumps/x.log'] },
      "left on pve1: /my dumps/x.log; clean with: rm -rf -- '/my dumps/x.log'",
    ],
  ])('%o', (leftover, text) => {
    expect(leftText(leftover, guest, node)).toBe(text);
  });
});

it('a node that cannot be asked is no error, and is told too', async () => {
  await using shell = openLocalShell({});
  const host: ApplyHost = {
    name: 'pve',
    id: 'pve',
    openNode: async () => {
      throw new UserError('host-unreachable', 'cannot reach 10.0.0.10:22: no route to it');
    },
    reachesAllNodes: true,
    dumpDir: '/var/lib/vz/dump',
    compression: '0',
    cleanup: false,
    vzdump: { excludePath: [] },
  };
  const left = await leftByDump(
    { guest, ended: false, streamBytes: 0, logFile: undefined },
    { host, node, shell },
  );
  expect(left).toEqual([
    'pve1 could not be asked what is left of the dump of qemu/101 (cannot reach 10.0.0.10:22: no route to it); look there with: qm config 101',
  ]);
});

function guestOf(text: string): GuestRef {
  const parsed = parseGuestRef(text);
  if (parsed === undefined) throw new Error(`no guest: ${text}`);
  return parsed;
}

function nodeOf(text: string): NodeName {
  const parsed = parseNodeName(text);
  if (parsed === undefined) throw new Error(`no node: ${text}`);
  return parsed;
}
