/**
 * The dump of a VM: the part of vzdump that talks to QEMU, and the part of QEMU that reads the disks.
 */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { PVE, readConfig, readConfigText } from './cluster.ts';
import { compressorCommand } from './compressor.ts';
import { type Drive, deviceName, drivesOf } from './drives.ts';
import type { Dump } from './dump-container.ts';
import { Progress } from './dump-progress.ts';
import { guestRun, now, readSettings, setGuestRun } from './lab-state.ts';
import { isDeaf } from './qm-command.ts';
import { configSize } from './sizes.ts';
import { ToolError } from './tool-error.ts';
import { CLUSTER } from './vma-layout.ts';
import { randomUuid, type VmaArchive, type VmaDevice, writeVma } from './vma-writer.ts';
import { volumePath, volumeSize } from './volumes.ts';
import { pause } from './worker.ts';
import { writeAll } from './write-all.ts';

export async function dumpVm(dump: Dump): Promise<void> {
  const { guest, job, log, wasRunning } = dump;
  const mode = wasRunning ? job.mode : 'stop';
  const config = readConfig(guest);
  if (mode === 'snapshot') announce(dump, config.values.get('name'));
  log.info(`backup mode: ${mode}`);
  if (job.bwlimit > 0) log.info(`bandwidth limit: ${job.bwlimit} KiB/s`);
  log.info(`ionice priority: ${job.ionice}`);
  if (mode !== 'snapshot') announce(dump, config.values.get('name'));
  const drives = drivesOf(config).filter((drive) => drive.backup);
  for (const { volume } of drives) {
    if (!existsSync(volumePath(volume))) throw new ToolError(`volume '${volume}' does not exist`);
  }
  const paused = wasRunning && mode !== 'snapshot' ? Date.now() : undefined;
  if (paused !== undefined) log.info(mode === 'suspend' ? 'suspending guest' : 'stopping virtual guest');
  if (paused !== undefined && mode === 'stop') await shutDown(dump);
  if (paused !== undefined) setGuestRun(guest.vmid, mode === 'suspend' ? 'paused' : 'stopped');
  log.info(
    dump.archive === undefined ? 'sending archive to stdout' : `creating vzdump archive '${dump.archive}'`,
  );
  await sendArchive(dump, drives, { mode, paused });
}

/** @throws ToolError when the guest has not answered in time; it then keeps running */
async function shutDown({ guest, job, log, signal }: Dump): Promise<void> {
  if (!isDeaf(guest)) return;
  await pause(job.stopwait * 60_000, signal);
  log.info('VM quit/powerdown failed - got timeout');
  const command = `qm shutdown ${guest.vmid} --skiplock --keepActive --timeout ${job.stopwait * 60}`;
  throw new ToolError(`command '${command}' failed: exit code 255`);
}

interface ModeState {
  readonly mode: string;
  /** Milliseconds of the Unix time at which the guest was stopped or suspended for the dump. */
  readonly paused: number | undefined;
}

function announce({ guest, log }: Dump, name: string | undefined): void {
  if (name !== undefined) log.info(`VM Name: ${name}`);
  for (const drive of drivesOf(readConfig(guest))) {
    if (!drive.backup) log.info(`exclude disk '${drive.key}' '${drive.volume}' (backup=no)`);
    else log.info(`include disk '${drive.key}' '${drive.volume}' ${sizeOf(drive)}`.trimEnd());
  }
}

function sizeOf(drive: Drive): string {
  const path = volumePath(drive.volume);
  return existsSync(path) ? configSize(volumeSize(path)) : (/size=([^,]+)/.exec(drive.value)?.[1] ?? '');
}

async function sendArchive(dump: Dump, drives: readonly Drive[], state: ModeState): Promise<void> {
  const { guest, log, tmpdir } = dump;
  if (drives.length === 0) {
    log.info('backup contains no disks');
    log.info('starting diskless backup');
    log.info(`/usr/bin/vma create -v -c ${tmpdir}/qemu-server.conf exec:cat`);
    return await writeArchive(dump, [], undefined);
  }
  const startedHere = guestRun(guest.vmid).state === 'stopped';
  try {
    if (startedHere) start(dump);
    if (state.mode === 'snapshot' && readSettings().version === '9.2') {
      log.info('skipping guest filesystem freeze - disabled in VM options');
    }
    await runJob(dump, drives, state);
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    log.error(error.message);
    log.info('aborting backup job');
    if (guestRun(guest.vmid).state === 'stopped') log.error(`VM ${guest.vmid} not running`);
    if (!startedHere) log.info('resuming VM again');
    throw error;
  } finally {
    restorePower(dump, startedHere, state);
  }
}

function start({ guest, log }: Dump): void {
  log.info('starting kvm to execute backup task');
  if (readConfig(guest).values.get('args')?.includes('lab-start-fails')) {
    log.plain("kvm: warning: host doesn't support requested feature: CPUID.01H:ECX.pni [bit 0]");
    log.plain("kvm: Host doesn't support requested features");
    throw new ToolError('start failed: QEMU exited with code 1');
  }
  setGuestRun(guest.vmid, 'prelaunch');
}

function restorePower({ guest, log, wasRunning }: Dump, startedHere: boolean, { mode }: ModeState): void {
  if (wasRunning && mode === 'suspend') log.info('resume vm');
  if (!startedHere || wasRunning) return;
  if (guestRun(guest.vmid).state === 'stopped') {
    log.plain(`VM ${guest.vmid} not running`);
    return;
  }
  log.info('stopping kvm after backup task');
  setGuestRun(guest.vmid, 'stopped');
  log.plain('trying to acquire lock...');
  log.plain(' OK');
}

async function runJob(dump: Dump, drives: readonly Drive[], { mode, paused }: ModeState): Promise<void> {
  const { guest, log, wasRunning } = dump;
  const uuid = randomUuid();
  if (readSettings().version === '9.2') log.info('starting backup via QMP command');
  log.info(`started backup task '${uuidText(uuid)}'`);
  if (mode === 'suspend') await pause(1000, dump.signal);
  const resumes = wasRunning && (paused !== undefined || guestRun(guest.vmid).state !== 'prelaunch');
  if (resumes) setGuestRun(guest.vmid, 'running');
  const seconds = paused === undefined ? 0 : Math.max(1, Math.round((Date.now() - paused) / 1000));
  if (resumes)
    log.info(paused === undefined ? 'resuming VM again' : `resuming VM again after ${seconds} seconds`);
  await writeArchive(dump, drives, uuid);
}

async function writeArchive(
  dump: Dump,
  drives: readonly Drive[],
  uuid: Uint8Array | undefined,
): Promise<void> {
  const open = drives.map(openDevice);
  const target = openTarget(dump);
  const progress = new Progress(
    dump,
    open.reduce((sum, { device }) => sum + device.size, 0),
  );
  const archive: VmaArchive = {
    configs: configsOf(dump, drives),
    devices: open.map(({ device }) => device),
    created: now(),
    uuid: uuid ?? randomUuid(),
  };
  try {
    await writeVma(archive, {
      write: async (bytes) => {
        await target.write(bytes);
        await progress.check();
      },
      onCluster: (bytes, zeroBytes) => progress.count(bytes, zeroBytes),
      eager: dump.job.bwlimit > 0,
      loseLastExtent: dump.fault?.kind === 'short',
    });
    await target.end();
  } catch (error) {
    await target.abort();
    throw error;
  } finally {
    for (const { fd } of open) closeSync(fd);
  }
  if (drives.length > 0) progress.summary();
}

interface OpenDevice {
  readonly fd: number;
  readonly device: VmaDevice;
}

/** A file without an allocated block reads as zeros, however large it is: no need to try. */
function openDevice({ key, volume }: Drive): OpenDevice {
  const path = volumePath(volume);
  const fd = openSync(path, 'r');
  const { size, blocks } = statSync(path);
  const read = (cluster: number, into: Uint8Array) => {
    into.fill(0);
    readSync(fd, into, 0, into.length, cluster * CLUSTER);
  };
  return {
    fd,
    device: {
      name: deviceName(key),
      size: Math.ceil(size / 512) * 512,
      read: blocks === 0 ? undefined : read,
    },
  };
}

function configsOf({ guest }: Dump, drives: readonly Drive[]): ReadonlyMap<string, Uint8Array> {
  const main = readConfigText(guest).split(/^\[/m)[0] ?? '';
  const kept = main
    .split('\n')
    .filter((line) => line !== '' && !/^(?:lock:|parent:|unused\d+:|#vzdump#|#qmdump#)/.test(line));
  const map = drives.map(
    ({ key, storage, format }) => `#qmdump#map:${key}:${deviceName(key)}:${storage}:${format}:`,
  );
  const configs = new Map([
    ['qemu-server.conf', Buffer.from([...kept, ...map].map((line) => `${line}\n`).join(''))],
  ]);
  const firewall = `${PVE}/firewall/${guest.vmid}.fw`;
  if (existsSync(firewall)) configs.set('qemu-server.fw', readFileSync(firewall));
  return configs;
}

interface Target {
  readonly write: (bytes: Uint8Array) => Promise<void>;
  readonly end: () => Promise<void>;
  readonly abort: () => Promise<void>;
}

/** Standard output or the archive file, with the compressor or an ordered fault before it. */
function openTarget({ job, fault, out }: Dump): Target {
  const faulty =
    fault === undefined || fault.kind === 'short'
      ? []
      : [`lab-fault ${process.pid} '${JSON.stringify(fault)}'`];
  const stages = [...faulty, ...compressorCommand(job.compress)];
  if (stages.length === 0)
    return { write: (bytes) => write(out, bytes), end: async () => {}, abort: async () => {} };
  const child = spawn('/bin/bash', ['-c', `set -o pipefail; ${stages.join(' | ')}`], {
    stdio: ['pipe', out, 'ignore'],
  });
  const input = child.stdin;
  if (input === null) throw new Error('no pipe to the compressor');
  const { promise: ended, resolve } = Promise.withResolvers<number | null>();
  child.once('close', (code) => resolve(code));
  const { promise: broken, reject } = Promise.withResolvers<never>();
  broken.catch(() => {});
  input.on('error', () => reject(new ToolError(BROKEN_PIPE)));
  const send = (bytes: Uint8Array) => new Promise<void>((done) => void input.write(bytes, () => done()));
  return {
    write: (bytes) => Promise.race([send(bytes), broken]),
    end: async () => {
      input.end();
      if ((await ended) !== 0) throw new ToolError(BROKEN_PIPE);
    },
    abort: async () => {
      input.destroy();
      await ended;
    },
  };
}

const BROKEN_PIPE = 'vma_queue_write: write error - Broken pipe';

async function write(fd: number, bytes: Uint8Array): Promise<void> {
  if (!(await writeAll(fd, bytes))) throw new ToolError(BROKEN_PIPE);
}

function uuidText(uuid: Uint8Array): string {
  return Buffer.from(uuid)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
