/**
 * The worker of vzdump: the node's lock, then one guest after the other.
 */
import { mkdirSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { checkUnlocked, findGuest, type GuestPlace, setLock } from './cluster.ts';
import { archiveSuffix } from './compressor.ts';
import { type Dump, dumpContainer } from './dump-container.ts';
import { DumpLog } from './dump-log.ts';
import { dumpVm } from './dump-vm.ts';
import { NoGlobalLock, takeGlobalLock } from './global-lock.ts';
import { guestRun, takeFault } from './lab-state.ts';
import { duration, humanBytes, nameStamp, stamp } from './sizes.ts';
import { ToolError } from './tool-error.ts';
import { INTERRUPTED, runWorker, type Work } from './worker.ts';

export interface BackupJob {
  readonly vmids: readonly string[];
  /** Guests on other nodes, only to be mentioned. */
  readonly skipped: readonly string[];
  readonly commandLine: string;
  readonly stdout: boolean;
  readonly dumpdir: string;
  readonly compress: string;
  readonly mode: string;
  /** KiB/s; 0: no limit. */
  readonly bwlimit: number;
  readonly ionice: number;
  /** Minutes. */
  readonly lockwait: number;
  /** Minutes. */
  readonly stopwait: number;
  readonly excludes: readonly string[];
  readonly stdexcludes: boolean;
}

if (import.meta.main) await runWorker(backup);

async function backup({ job, signal }: Work<BackupJob>): Promise<string> {
  try {
    await takeGlobalLock(job.lockwait, signal);
  } catch (error) {
    if (error instanceof NoGlobalLock) process.exit(255);
    throw error;
  }
  const log = new DumpLog();
  log.info(`starting new backup job: vzdump ${job.commandLine}`);
  if (job.skipped.length > 0) log.info(`skip external VMs: ${job.skipped.join(', ')}`);
  let failures = 0;
  for (const vmid of job.vmids) {
    const whole = await backupGuest(vmid, { job, log, signal });
    if (!whole) failures++;
  }
  if (failures > 0) {
    log.info('Backup job finished with errors');
    throw new ToolError('job errors');
  }
  log.info('Backup job finished successfully');
  return log.warnings === 0 ? 'OK' : `WARNINGS: ${log.warnings}`;
}

interface Running {
  readonly job: BackupJob;
  readonly log: DumpLog;
  readonly signal: AbortSignal;
}

/** @returns whether the dump is whole; @throws ToolError only when the whole job is stopped */
async function backupGuest(vmid: string, running: Running): Promise<boolean> {
  const { log, signal } = running;
  const started = Date.now();
  const guest = findGuest(vmid);
  try {
    if (guest === undefined) throw new ToolError(`unable to find VM '${vmid}'`);
    log.info(`Starting Backup of VM ${vmid} (${guest.type})`);
    await dumpGuest(guest, running, new Date(started));
    log.info(`Finished Backup of VM ${vmid} (${duration((Date.now() - started) / 1000)})`);
    log.info(`Backup finished at ${stamp()}`);
    return true;
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    log.error(`Backup of VM ${vmid} failed - ${error.message}`);
    log.info(`Failed at ${stamp()}`);
    if (signal.aborted && guest?.type !== 'lxc') {
      log.error(`Backup job failed - ${INTERRUPTED}`);
      throw new ToolError(INTERRUPTED);
    }
    return false;
  } finally {
    log.close();
  }
}

async function dumpGuest(guest: GuestPlace, { job, log, signal }: Running, started: Date): Promise<void> {
  const base = `${job.dumpdir}/vzdump-${guest.type}-${guest.vmid}-${nameStamp(started)}`;
  log.open(`${base}.log`);
  log.info(`Backup started at ${stamp(started)}`);
  const state = guestRun(guest.vmid).state;
  log.info(`status = ${state === 'stopped' ? 'stopped' : 'running'}`);
  checkUnlocked(guest);
  const archive = job.stdout
    ? undefined
    : `${base}.${guest.type === 'lxc' ? 'tar' : 'vma'}${archiveSuffix(job.compress)}`;
  const tmpdir = `${base}.tmp`;
  mkdirSync(tmpdir, { recursive: true });
  const fault = takeFault();
  const dump: Dump = {
    guest,
    job,
    log,
    signal,
    tmpdir,
    fault,
    archive,
    out: archive === undefined ? 1 : openSync(`${archive}.dat`, 'w'),
    wasRunning: state !== 'stopped',
  };
  try {
    setLock(guest, 'backup');
    if (fault?.kind !== 'empty') await (guest.type === 'lxc' ? dumpContainer(dump) : dumpVm(dump));
    if (archive !== undefined) keep(archive, log);
  } finally {
    setLock(guest, undefined);
    rmSync(tmpdir, { recursive: true, force: true });
    if (archive !== undefined) rmSync(`${archive}.dat`, { force: true });
  }
}

function keep(archive: string, log: DumpLog): void {
  log.info(
    `archive file size: ${humanBytes(statSync(`${archive}.dat`).size, 0).replace(/ (.)i?B?$/, '$1B')}`,
  );
  renameSync(`${archive}.dat`, archive);
}
