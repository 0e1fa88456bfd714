import { expect, it } from 'vitest';
import { unlockGuest } from '../../src/apply/unlock-guest.ts';
import { ref } from '../plan/sample-site.ts';
import { recordedShell } from '../pve/recorded-shell.ts';

const UPID = 'UPID:pve1:00001F2A:0001A2B3:6740C1D2:vzdump:101:root@pam:';
const LOCKED = 'guest here\nconfig lock: backup\nstatus: running\n';

it.each<[string, string, boolean]>([
  ['takes the lock that a backup has left', LOCKED, true],
  ['leaves a lock of another kind', LOCKED.replace('backup', 'migrate'), false],
  ['leaves a guest that is not locked any more', 'guest here\nstatus: running\n', false],
  [
    'leaves one while a job of the node that names no guest may be at it',
    `task ${UPID.replace('101', '')}\n${LOCKED}`,
    false,
  ],
])('%s', async (_, stdout, unlocks) => {
  const shell = recordedShell({ 'sh -c': { stdout }, 'qm unlock 101': { stdout: '' } });
  await unlockGuest(shell, { guest: ref('qemu/101'), dumpDir: '/dump' }, new AbortController().signal);
  expect(shell.asked.some((line) => line.startsWith('qm unlock'))).toBe(unlocks);
});

it('refuses while a task works on the guest, and names it', async () => {
  const shell = recordedShell({ 'sh -c': { stdout: `task ${UPID}\n${LOCKED}` } });
  const unlocking = unlockGuest(
    shell,
    { guest: ref('qemu/101'), dumpDir: '/dump' },
    new AbortController().signal,
  );
  await expect(unlocking).rejects.toThrow(`qemu/101 is not unlocked: ${UPID} works on it`);
});
