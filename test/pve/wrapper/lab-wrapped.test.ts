import { createReadStream, readFileSync, statSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pctRestoreCommand, qmrestoreCommand, vzdumpCommand } from '../../../src/pve/commands.ts';
import { parseGuestRef } from '../../../src/pve/guest.ts';
import { wrappedDump } from '../../../src/pve/wrapper/dump-script.ts';
import { sendArchive } from '../../../src/pve/wrapper/frames.ts';
import { type Aborted, findLeftovers, type Leftover } from '../../../src/pve/wrapper/leftovers.ts';
import { wrappedRestore } from '../../../src/pve/wrapper/restore-script.ts';
import { stageCommand } from '../../../src/pve/wrapper/stage-script.ts';
import type { Shell } from '../../../src/transport/shell.ts';
import { addCt, addVm, diskFile, setRunState } from '../../lab/guests.ts';
import { type Lab, startLab } from '../../lab/lab.ts';
import type { LabNode } from '../../lab/lab-node.ts';
import { openNode } from './lab-shell.ts';
import { runDump, text } from './run-wrapped.ts';

const dumpDir = '/var/lib/vz/dump';
const success = { kind: 'status', status: 0 };

let lab: Lab;
let node: LabNode;
let shell: Shell;

beforeAll(async () => {
  lab = await startLab({ vmaHeaderSeconds: 5 });
  node = lab.node('pve1');
  const disks = [
    { key: 'scsi0', sizeBytes: 100 << 20, content: { kind: 'random', bytes: 100 << 20 } },
  ] as const;
  addVm(lab, 'pve1', { vmid: 101, name: 'web', disks });
  addVm(lab, 'pve1', { vmid: 102, name: 'kept', lock: 'backup' });
  addCt(lab, 'pve1', { vmid: 201, hostname: 'files' });
  const dumps =
    'vzdump 101 --stdout --compress 0 >/var/tmp/vma; vzdump 201 --stdout --compress 0 >/var/tmp/tar';
  await node.exec(`${dumps}; rm ${dumpDir}/*`);
  shell = await openNode(node);
});

afterAll(async () => {
  await shell[Symbol.asyncDispose]();
  await lab.stop();
});

function ref(name: string) {
  const guest = parseGuestRef(name);
  if (guest === undefined) throw new Error(`no guest: ${name}`);
  return guest;
}

/** Processes, private folders and files in the dump folder. */
async function onTheNode(): Promise<string> {
  const processes = 'ps -eo comm= | grep -vxE "sshd|ps|bash|grep"';
  return (await node.exec(`${processes}; ls -d /run/pvebak* ${dumpDir}/* ${dumpDir}/.pvebak* 2>/dev/null`))
    .stdout;
}

describe('a wrapped dump', () => {
  test('of a VM is whole, with all of its log, and leaves nothing', async () => {
    const guest = ref('qemu/101');
    const command = vzdumpCommand({ vmid: guest.vmid, mode: 'snapshot', compress: '0', dumpDir });
    const { exit, bytes, stderr } = await runDump(shell, wrappedDump(command, { guest, dumpDir }));
    expect(exit).toEqual(success);
    expect(bytes).toBe(statSync(node.path('/var/tmp/vma')).size);
    expect(stderr).toMatch(/^INFO: starting new backup job.*INFO: Backup job finished successfully\n$/s);
    expect(await onTheNode()).toBe('');
  });

  test('that fails ends with the status and the words of vzdump', async () => {
    const guest = ref('qemu/102');
    const command = vzdumpCommand({ vmid: guest.vmid, mode: 'snapshot', compress: '0', dumpDir });
    const { exit, bytes, stderr } = await runDump(shell, wrappedDump(command, { guest, dumpDir }));
    expect(exit).toEqual({ kind: 'status', status: 255 });
    expect(bytes).toBe(0);
    expect(stderr).toContain('VM is locked (backup)');
    expect(await onTheNode()).toBe('');
  });
});

describe('a wrapped restore', () => {
  test('of a VM gives back its disk', async () => {
    const guest = ref('qemu/901');
    const done = await send(
      wrappedRestore(qmrestoreCommand({ vmid: guest.vmid, archive: '-' }), { guest }),
      'vma',
    );
    expect(done).toMatchObject({ exit: success, stderr: '' });
    expect(done.stdout).toContain('progress 100%');
    expect(readFileSync(diskFile(lab, 901, 'scsi0')).equals(readFileSync(diskFile(lab, 101, 'scsi0')))).toBe(
      true,
    );
    expect(await onTheNode()).toBe('');
  });

  test('of a container gives back its files', async () => {
    const guest = ref('lxc/902');
    const command = pctRestoreCommand({ vmid: guest.vmid, archive: '-', rootfs: 'local:0' });
    expect(await send(wrappedRestore(command, { guest }), 'tar')).toMatchObject({ exit: success });
    const { stdout } = await node.exec('cat /var/lib/vz/images/902/*/etc/hostname');
    expect(stdout).toBe('files\n');
    expect(await onTheNode()).toBe('');
  });

  test('into a vmid that is used ends at once with the words of the tool', async () => {
    const guest = ref('qemu/101');
    const done = await send(
      wrappedRestore(qmrestoreCommand({ vmid: guest.vmid, archive: '-' }), { guest }),
      'vma',
    );
    expect(done.exit).toEqual({ kind: 'status', status: 255 });
    expect(done.stderr).toContain('VM 101 already exists');
    expect(await onTheNode()).toBe('');
  });
});

describe('a staged archive', () => {
  const path = `${dumpDir}/vzdump-qemu-101-staged.vma`;

  test('is the one that was sent, and for root only', async () => {
    expect(await send(stageCommand(path, { guest: ref('qemu/101') }), 'vma')).toMatchObject({
      exit: success,
    });
    const { stdout } = await node.exec(`cmp ${path} /var/tmp/vma && stat -c %a ${path}; rm ${path}`);
    expect(stdout).toBe('600\n');
    expect(await onTheNode()).toBe('');
  });

  test('that has no room is not there, and the reason is said', async () => {
    await node.exec('mkdir /var/tmp/small; mount -t tmpfs -o size=20m small /var/tmp/small');
    const done = await send(stageCommand('/var/tmp/small/a.vma', { guest: ref('qemu/101') }), 'vma');
    expect(done.exit).toEqual({ kind: 'status', status: 1 });
    expect(done.stderr).toContain('No space left on device');
    expect((await node.exec('ls -A /var/tmp/small; umount /var/tmp/small')).stdout).toBe('');
  });
});

async function send(argv: readonly string[], archive: 'vma' | 'tar') {
  const command = await shell.run(argv);
  const source = createReadStream(node.path(`/var/tmp/${archive}`));
  const [stdout, stderr] = await Promise.all([
    text(command.stdout),
    text(command.stderr),
    sendArchive(command, source),
  ]);
  return { exit: await command.exit, stdout, stderr };
}

describe('what an abort has left is found, with the command that cleans it', () => {
  const dump: Aborted = { guest: ref('qemu/103'), dumpDir, task: 'dump' };

  test('after a dump whose worker was killed', async () => {
    addVm(lab, 'pve1', { vmid: 103, name: 'broken', lock: 'backup' });
    setRunState(lab, 103, 'prelaunch');
    const folder = `${dumpDir}/vzdump-qemu-103-2026_11_22-17_06_18.tmp`;
    await node.exec(
      `mkdir ${folder} /run/pvebak-dump-qemu-103.abcdefgh; echo 999999 >/run/pvebak-dump-qemu-103.abcdefgh/pid`,
    );
    const left = await findLeftovers(shell, dump);
    expect(shown(left)).toEqual([
      'lock: qm unlock 103',
      'prelaunch: qm stop 103',
      `dump-folder: rm -rf -- ${folder}`,
      'private-folder: rm -rf -- /run/pvebak-dump-qemu-103.abcdefgh',
    ]);
    await clean(left);
    expect(await findLeftovers(shell, dump)).toEqual([]);
  });

  test('while the worker goes on, only the worker', async () => {
    addVm(lab, 'pve1', { vmid: 104, name: 'busy', lock: 'backup' });
    const upid = 'UPID:pve1:00000ABC:00000000:00000000:vzdump:104:root@pam:';
    const worker = node.spawn(`exec -a 'task ${upid}' cat`);
    const aborted = { ...dump, guest: ref('qemu/104') };
    await expect.poll(async () => shown(await findLeftovers(shell, aborted))).toEqual(['worker: kill 2748']);
    worker.stdin.end();
    await expect
      .poll(async () => shown(await findLeftovers(shell, aborted)))
      .toEqual(['lock: qm unlock 104']);
  });

  test('after a qmrestore that broke, a stub; after a dump never', async () => {
    await node.exec('head -c 5000000 /var/tmp/vma | qmrestore - 905');
    const aborted: Aborted = { ...dump, guest: ref('qemu/905') };
    expect(await findLeftovers(shell, aborted)).toEqual([]);
    const left = await findLeftovers(shell, { ...aborted, task: 'restore' });
    expect(shown(left)).toEqual(['stub: qm destroy 905']);
    await clean(left);
    expect((await node.exec('qm config 905')).exitCode).not.toBe(0);
  });

  test('after an upload that was cut, its parts; after a whole one, the archive', async () => {
    const stagedArchive = `${dumpDir}/staged.vma`;
    const part = `${dumpDir}/.pvebak-qemu-906.abcdefgh`;
    await node.exec(`touch ${stagedArchive} ${part}`);
    const left = await findLeftovers(shell, {
      ...dump,
      guest: ref('qemu/906'),
      task: 'restore',
      stagedArchive,
    });
    expect(shown(left)).toEqual([
      `unfinished-archive: rm -rf -- ${part}`,
      `staged-archive: rm -rf -- ${stagedArchive}`,
    ]);
    await clean(left);
    expect(await onTheNode()).toBe('');
  });

  test('and nothing of a guest that is as it should be, or is not there', async () => {
    for (const name of ['qemu/101', 'lxc/201', 'qemu/999'])
      expect(await findLeftovers(shell, { ...dump, guest: ref(name), task: 'restore' })).toEqual([]);
  });
});

function shown(left: readonly Leftover[]): readonly string[] {
  return left.map(({ kind, command }) => `${kind}: ${command.join(' ')}`);
}

async function clean(left: readonly Leftover[]): Promise<void> {
  for (const { command } of left) expect(await node.exec(command.join(' '))).toMatchObject({ exitCode: 0 });
}
