import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { dumpVerdict } from '../../src/pve/dump-verdict.ts';
import { VzdumpLog, vzdumpRecords } from '../../src/pve/vzdump-log.ts';
import type { VzdumpRecord } from '../../src/pve/vzdump-record.ts';

const folder = new URL('../fixtures/vzdump-log/', import.meta.url);
const recordings = readdirSync(folder).filter((file) => file.endsWith('.log'));

function read(recording: string): Buffer {
  return readFileSync(new URL(`${recording}.log`, folder));
}

function parse(bytes: Uint8Array, pieceLength = bytes.length): VzdumpRecord[] {
  const log = new VzdumpLog();
  const records: VzdumpRecord[] = [];
  for (let at = 0; at < bytes.length; at += pieceLength)
    records.push(...log.push(bytes.subarray(at, at + pieceLength)));
  return [...records, ...log.end()];
}

/** Why each recorded run failed; what is not listed here was successful. */
const causes: Readonly<Record<string, string>> = {
  'pve9-vzdump-locked': 'CT is locked (backup)',
  'pve9-vzdump-maxfiles': 'Unknown option: maxfiles',
  'pve9-vzdump-missing-vmid': "unable to find VM '999'",
  'pve9-vzdump-pipe-closed': 'tar failed: got signal 13',
  'pve9-vzdump-pipe-closed-vm': 'vma_queue_write: write error - Broken pipe',
  'pve9-vzdump-stdout-storage': "cannot use options 'storage' and 'stdout' at the same time",
  'pve9-vzdump-two-vmids': 'you can only backup a single VM with option --stdout',
  'pve9-vzdump-vm-sigterm': 'interrupted by signal',
  'ssh-tty-vzdump-client-killed': 'its log ends before the dump does',
  'ssh-vzdump-ct-client-killed': 'its log ends before the dump does',
  'ssh-vzdump-vm-client-killed': 'its log ends before the dump does',
  'ssh-vzdump-vm-running-client-killed': 'its log ends before the dump does',
  'vzdump-after-leftover-lock': 'CT is locked (backup)',
  'vzdump-all-stdout': 'you can only backup a single VM with option --stdout',
  'vzdump-bad-compress':
    "compress: value 'zst' does not have a value in the enumeration '0, 1, gzip, lzo, zstd'",
  'vzdump-bad-mode':
    "mode: value 'freeze' does not have a value in the enumeration 'snapshot, suspend, stop'",
  'vzdump-bad-option': 'Unknown option: frobnicate',
  'vzdump-bad-vmid': 'vmid: invalid format - value does not look like a valid VM ID',
  'vzdump-local-disabled': "could not activate storage 'local': storage 'local' is disabled",
  'vzdump-locked': 'CT is locked (backup)',
  'vzdump-missing-vmid': "unable to find VM '999'",
  'vzdump-no-args': 'vmid: property is missing',
  'vzdump-no-vmid': 'vmid: property is missing',
  'vzdump-nonroot': 'Unable to load access control list: Unknown error -1',
  'vzdump-parent-sighup': 'its log ends before the dump does',
  'vzdump-parent-sigint': 'tar failed: interrupted by signal',
  'vzdump-parent-sigkill': 'its log ends before the dump does',
  'vzdump-parent-sigterm': 'tar failed: interrupted by signal',
  'vzdump-pipe-closed-early': 'tar failed: got signal 13',
  'vzdump-same-vmid-twice': 'you can only backup a single VM with option --stdout',
  'vzdump-stdout-dumpdir-missing': "dumpdir '/nonexistent' does not exist",
  'vzdump-stdout-storage': "cannot use options 'storage' and 'stdout' at the same time",
  'vzdump-tmpdir-missing': "tmpdir '/nonexistent' does not exist",
  'vzdump-two-at-once-lockwait0': "can't acquire lock '/var/run/vzdump.lock' (wait = 0)",
  'vzdump-two-vmids': 'you can only backup a single VM with option --stdout',
  // Two runs: the second, after unlocking, was successful.
  'vzdump-vm-after-worker-sigkill': 'VM is locked (backup)',
  'vzdump-vm-disk-missing': "volume 'local:107/vm-107-disk-0.qcow2' does not exist",
  'vzdump-vm-kvm-start-fails': 'start failed: QEMU exited with code 1',
  'vzdump-vm-locked': 'VM is locked (backup)',
  'vzdump-vm-parent-sighup': 'its log ends before the dump does',
  'vzdump-vm-pipe-closed': 'vma_queue_write: write error - Broken pipe',
  'vzdump-vm-running-sigterm': 'interrupted by signal',
  'vzdump-vm-running-stop-mode': 'qm shutdown failed: exit code 255 (VM quit/powerdown failed - got timeout)',
  'vzdump-vm-sigint-x2': 'interrupted by signal',
  'vzdump-vm-sigterm': 'interrupted by signal',
  'vzdump-vm-suspend-sigterm': 'interrupted by signal',
  'vzdump-vm-worker-sigkill': 'its log ends before the dump does',
  'vzdump-vmid-text': 'vmid: invalid format - value does not look like a valid VM ID',
  'vzdump-worker-sigkill': 'its log ends before the dump does',
  'vzdump-wrong-node-missing-vmid': "unable to find VM '999'",
};

describe('the verdict on a recorded log', () => {
  test.for(recordings.map((file) => file.replace(/\.log$/, '')))('%s', (recording) => {
    const verdict = dumpVerdict(parse(read(recording)));
    expect({ successful: verdict.successful, cause: verdict.cause }).toEqual({
      successful: causes[recording] === undefined,
      cause: causes[recording],
    });
  });

  test('counts a warning that changes no exit status', () => {
    const records = parse(read('vzdump-warning-exit-code'));
    expect(dumpVerdict(records).warnings).toEqual([
      "tar does not match exclusion with a trailing slash '/opt/'",
    ]);
    expect(records).toContainEqual({ kind: 'warning-count', count: 1 });
  });

  test('of silence is no success: on the wrong node vzdump says nothing and exits with 0', () => {
    expect(dumpVerdict([])).toEqual({ successful: false, silent: true, warnings: [], waitingForLock: false });
  });

  test('shows waiting for the lock of the node while it lasts', () => {
    const states: boolean[] = [];
    const records: VzdumpRecord[] = [];
    for (const record of parse(read('vzdump-two-at-once-waits'))) {
      records.push(record);
      const { waitingForLock } = dumpVerdict(records);
      if (states.at(-1) !== waitingForLock) states.push(waitingForLock);
    }
    expect(states).toEqual([true, false]);
  });
});

describe('the records of a log', () => {
  test.for(recordings.map((file) => file.replace(/\.log$/, '')))(
    '%s reads the same in pieces of any size',
    (recording) => {
      const bytes = read(recording);
      const whole = parse(bytes);
      for (const pieceLength of [1, 7, 4096]) expect(parse(bytes, pieceLength)).toEqual(whole);
    },
  );

  test('of a VM', () => {
    expect(parse(read('pve9-vzdump-vm-stopped-stdout')).filter(({ kind }) => kind !== 'other-info')).toEqual([
      { kind: 'started-job', command: 'vzdump 101 --compress 0 --mode snapshot' },
      { kind: 'started', vmid: 101, type: 'qemu' },
      { kind: 'status', status: 'stopped' },
      { kind: 'mode', mode: 'stop' },
      { kind: 'name', name: 'web-1' },
      { kind: 'disk-included', key: 'scsi0', volume: 'local:101/vm-101-disk-0.qcow2', bytes: 67_108_864 },
      { kind: 'disk-excluded', key: 'scsi1', volume: 'local:101/vm-101-disk-1.raw', reason: 'backup=no' },
      {
        kind: 'progress',
        percent: 100,
        doneBytes: 67_108_864,
        totalBytes: 67_108_864,
        seconds: 1,
        readBytesPerSecond: 67_108_864,
        writeBytesPerSecond: 3 * 1024 * 1024,
      },
      { kind: 'other', text: 'trying to acquire lock...' },
      { kind: 'other', text: ' OK' },
      { kind: 'finished-guest', vmid: 101 },
      { kind: 'job-finished', successfully: true },
    ]);
  });

  test('of a container with mount points', () => {
    expect(parse(read('vzdump-ct-mountpoints'))).toEqual(
      expect.arrayContaining([
        { kind: 'name', name: 'ct-mps' },
        { kind: 'mount-point-included', key: 'rootfs', path: '/' },
        { kind: 'mount-point-included', key: 'mp0', path: '/data' },
        { kind: 'mount-point-excluded', key: 'mp1', path: '/scratch', reason: 'disabled' },
        { kind: 'mount-point-excluded', key: 'mp2', path: '/bind', reason: 'not a volume' },
      ]),
    );
  });

  test('of a mode that was not possible', () => {
    expect(parse(read('vzdump-ct-running-snapshot-falls-back'))).toEqual(
      expect.arrayContaining([
        { kind: 'mode-failure', reason: 'some volumes do not support snapshots' },
        { kind: 'mode', mode: 'suspend' },
        { kind: 'tar-total', bytes: 65_341_440 },
      ]),
    );
  });

  test.for([
    [
      'INFO:  14% (150.1 MiB of 1.0 GiB) in 2m 3s, read: 50.0 MiB/s, write: 0 B/s',
      { percent: 14, seconds: 123 },
    ],
    [
      'INFO:   3% (3.6 GiB of 102.4 GiB) in 1h 0m 9s, read: 3.6 MiB/s, write: 1.0 KiB/s',
      { percent: 3, seconds: 3609 },
    ],
  ] as const)('progress: %s', ([line, fields]) => {
    expect(parse(Buffer.from(line))).toEqual([expect.objectContaining({ kind: 'progress', ...fields })]);
  });

  test('keep control characters of a hostile line to themselves', () => {
    const line = 'ERROR: \u001b[31mred\u0007 \u009b2J\u202etxt\n';
    const [record] = parse(Buffer.from(line));
    expect(record).toEqual({ kind: 'error', text: ' [31mred   2J txt' });
  });

  test('bound a line without end, and go on after it', () => {
    const records = parse(
      Buffer.concat([Buffer.alloc(300_000, 'x'), Buffer.from('\nINFO: got global lock\n')]),
      1000,
    );
    expect(records.map((record) => (record.kind === 'other' ? record.text.length : record.kind))).toEqual([
      65_536,
      'got-lock',
    ]);
  });

  test('come from a stream as its lines end', async () => {
    async function* bytes() {
      yield Buffer.from('INFO: trying to get global lock - wai');
      yield Buffer.from('ting...\nINFO: got global lock');
    }
    expect(await Array.fromAsync(vzdumpRecords(bytes()))).toEqual([
      { kind: 'waiting-for-lock' },
      { kind: 'got-lock' },
    ]);
  });
});
