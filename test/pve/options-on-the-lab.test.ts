/** The options that each version is given are options that its tools take, and what they make is what was there. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { guestCommand, pctRestoreCommand, vzdumpCommand } from '../../src/pve/commands.ts';
import { containerRestoreOptions } from '../../src/pve/container-restore-options.ts';
import { type GuestRef, parseGuestRef } from '../../src/pve/guest.ts';
import { parseGuestConfig } from '../../src/pve/guest-config.ts';
import { quoteArgv } from '../../src/transport/quote-argv.ts';
import type { Lab } from '../lab/lab.ts';
import { startRecordedNode } from '../lab/recorded-node.ts';

const dumpDir = '/var/lib/vz/dump';
const everything = {
  bwlimitKiB: 1_000_000,
  ionice: 8,
  lockwaitMinutes: 1,
  stopwaitMinutes: 1,
  excludePath: ['/root', '*.bin'],
  pigzThreads: 1,
  zstdThreads: 1,
  fleecing: {},
  diskStorage: 'local',
  performance: { maxWorkers: 4, pbsEntriesMax: 1_000_000 },
} as const;

describe.each([
  ['7.4', '7.4-19'],
  ['8.4', '8.4.21'],
  ['9.2', '9.2.1'],
] as const)('a node of version %s', (release, version) => {
  let lab: Lab;
  const run = (argv: readonly string[], more = '') => lab.node('pve1').exec(`${quoteArgv(argv)} ${more}`);

  beforeAll(async () => {
    lab = await startRecordedNode(release);
  });

  afterAll(async () => {
    await lab.stop();
  });

  test.each([
    ['a VM', 'qemu/101', {}],
    ['a container', 'lxc/201', {}],
    ['a VM with a notification', 'qemu/101', { notificationMode: 'notification-system' }],
  ] as const)('dumps %s with every option that there is', async (_, name, more) => {
    const { vmid } = ref(name);
    const known = { release, version };
    const command = {
      vmid,
      mode: 'snapshot',
      compress: '0',
      dumpDir,
      ...everything,
      version: known,
      ...more,
    } as const;
    const { exitCode, stderr } = await run(vzdumpCommand(command), '> /var/tmp/dumped');
    expect(stderr).toContain('INFO: Backup job finished successfully');
    expect(exitCode).toBe(0);
  });

  test('gets back a streamed container with its volumes', async () => {
    const before = parseGuestConfig('lxc', (await run(['cat', '/etc/pve/lxc/205.conf'])).stdout);
    const options = containerRestoreOptions(before, { mapStorage: new Map([['local', 'fast']]) });
    expect(options.leftOut.map(({ key }) => key)).toEqual(['mp2']);
    const target = ref('lxc/905');
    const restored = await run(
      pctRestoreCommand({ vmid: target.vmid, archive: '-', ...options, unprivileged: true }),
      '< /var/tmp/mp.tar',
    );
    expect(restored).toMatchObject({ exitCode: 0 });
    const after = parseGuestConfig('lxc', (await run(['cat', '/etc/pve/lxc/905.conf'])).stdout);
    expect(after).toMatchObject({ unprivileged: true, rootfs: { storage: 'fast' } });
    const keys = before.volumes.map(({ key }) => key).filter((key) => key !== 'mp2');
    expect(after.volumes.map(({ key }) => key).toSorted()).toEqual(keys.toSorted());
    expect((await run(guestCommand(target, 'template'))).exitCode).toBe(0);
  });
});

function ref(name: string): GuestRef {
  const parsed = parseGuestRef(name);
  if (parsed === undefined) throw new Error(`no guest: ${name}`);
  return parsed;
}
