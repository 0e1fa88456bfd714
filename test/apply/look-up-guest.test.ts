import { expect, test } from 'vitest';
import { lookUpVmid } from '../../src/apply/look-up-guest.ts';
import { findLeftovers } from '../../src/pve/wrapper/leftovers.ts';
import { openLocalShell } from '../../src/transport/local-shell.ts';
import { DUMP_DIR, VM } from '../authorized-command/allowed-commands.ts';

test('a node that cannot answer is not taken for one without the guest, nor for a clean one', async () => {
  await using shell = openLocalShell({ environment: { PATH: '/nowhere' } });
  await expect(lookUpVmid(shell, VM.vmid)).rejects.toMatchObject({
    code: 'command-failed',
    message: 'cannot look for guest 101 on this machine: sh: command not found',
  });
  await expect(findLeftovers(shell, { guest: VM, dumpDir: DUMP_DIR, task: 'dump' })).rejects.toMatchObject({
    code: 'command-failed',
    message: 'cannot look around on this machine: sh: command not found',
  });
});
