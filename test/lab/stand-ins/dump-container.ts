/**
 * The dump of a container: tar over its volumes, with pct.conf and pct.fw as first members.
 */
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { type GuestPlace, PVE, readConfig, readConfigText } from './cluster.ts';
import { compressorCommand } from './compressor.ts';
import type { DumpLog } from './dump-log.ts';
import { type Fault, guestRun, setGuestRun } from './lab-state.ts';
import { linesOf } from './lines.ts';
import { type MountPoint, mountPointsOf } from './mount-points.ts';
import { mountVolume, unmount } from './mounts.ts';
import { ToolError } from './tool-error.ts';
import { volumePath } from './volumes.ts';
import type { BackupJob } from './vzdump-worker.ts';
import { INTERRUPTED, LOG_FD } from './worker.ts';

export interface Dump {
  readonly guest: GuestPlace;
  readonly job: BackupJob;
  readonly log: DumpLog;
  readonly signal: AbortSignal;
  readonly tmpdir: string;
  readonly fault: Fault | undefined;
  /** Where the archive is kept; undefined: standard output. */
  readonly archive: string | undefined;
  /** The descriptor that the archive is written to. */
  readonly out: number;
  readonly wasRunning: boolean;
}

export async function dumpContainer(dump: Dump): Promise<void> {
  const { guest, job, log, wasRunning } = dump;
  let mode = wasRunning ? job.mode : 'stop';
  const included = () => announce(dump);
  if (mode === 'snapshot') {
    included();
    log.info('mode failure - some volumes do not support snapshots');
    log.info("trying 'suspend' mode instead");
    mode = 'suspend';
  }
  log.info(`backup mode: ${mode}`);
  if (job.bwlimit > 0) log.info(`bandwidth limit: ${job.bwlimit} KiB/s`);
  log.info(`ionice priority: ${job.ionice}`);
  const volumes = included();
  if (mode === 'suspend') announceSync(dump);
  const stopped = wasRunning && mode === 'stop' ? Date.now() : undefined;
  if (stopped !== undefined) {
    log.info('stopping virtual guest');
    setGuestRun(guest.vmid, 'stopped');
  }
  try {
    await archive(dump, volumes);
  } finally {
    if (stopped !== undefined) restart(dump, stopped);
  }
}

function announce({ guest, log }: Dump): readonly MountPoint[] {
  const config = readConfig(guest);
  log.info(`CT Name: ${config.values.get('hostname') ?? `CT${guest.vmid}`}`);
  const points = mountPointsOf(config);
  for (const { key, path, inBackup, isVolume } of points) {
    if (inBackup) log.info(`including mount point ${key} ('${path}') in backup`);
    else if (isVolume) log.info(`excluding volume mount point ${key} ('${path}') from backup (disabled)`);
    else log.info(`excluding bind mount point ${key} ('${path}') from backup (not a volume)`);
  }
  return points.filter((point) => point.inBackup);
}

function announceSync({ guest, log, tmpdir }: Dump): void {
  const source = `/proc/${guestRun(guest.vmid).pid}/root/`;
  log.info(`starting first sync ${source} to ${tmpdir}`);
  log.info('first sync finished - transferred 98.76M bytes in 0s');
  log.info('suspending guest');
  log.info(`starting final sync ${source} to ${tmpdir}`);
  log.info('final sync finished - transferred 0 bytes in 0s');
  log.info('resuming guest');
  log.info('guest is online again after <1 seconds');
}

function restart({ guest, log }: Dump, stopped: number): void {
  log.info('restarting vm');
  setGuestRun(guest.vmid, 'running');
  log.info(`guest is online again after ${Math.max(1, Math.round((Date.now() - stopped) / 1000))} seconds`);
}

async function archive(dump: Dump, volumes: readonly MountPoint[]): Promise<void> {
  const { guest, job, log } = dump;
  writeMembers(dump);
  const root = '/run/dump-root';
  const mounted = mountVolumes(volumes, root);
  try {
    log.info(
      dump.archive === undefined ? 'sending archive to stdout' : `creating vzdump archive '${dump.archive}'`,
    );
    for (const path of job.excludes) {
      if (path.endsWith('/')) log.warn(`tar does not match exclusion with a trailing slash '${path}'`);
    }
    const paths = volumes.filter(({ key }) => key !== 'rootfs').map(({ path }) => `.${path}`);
    await runPipeline(dump, tarCommand({ ...dump, root, paths }));
  } finally {
    for (const point of mounted.toReversed()) unmount(point);
  }
  if (guestRun(guest.vmid).state === 'stopped' && dump.wasRunning && job.mode !== 'stop') {
    throw new ToolError(`CT ${guest.vmid} not running`);
  }
}

function writeMembers({ guest, tmpdir }: Dump): void {
  mkdirSync(`${tmpdir}/etc/vzdump`, { recursive: true });
  const main = readConfigText(guest).split(/^\[/m)[0] ?? '';
  const kept = main.split('\n').filter((line) => !/^(?:lock|parent|unused\d+):/.test(line));
  writeFileSync(`${tmpdir}/etc/vzdump/pct.conf`, `${kept.join('\n').trimEnd()}\n`);
  const firewall = `${PVE}/firewall/${guest.vmid}.fw`;
  if (existsSync(firewall)) copyFileSync(firewall, `${tmpdir}/etc/vzdump/pct.fw`);
  else writeFileSync(`${tmpdir}/etc/vzdump/pct.fw`, '');
}

/** Mount points lie inside the root file system, so tar comes by their files twice when storages share a file system. */
function mountVolumes(volumes: readonly MountPoint[], root: string): readonly string[] {
  return volumes.map(({ path, volume }) =>
    mountVolume(volumePath(volume), path === '/' ? root : `${root}${path}`),
  );
}

interface TarPlan {
  readonly job: BackupJob;
  readonly tmpdir: string;
  readonly root: string;
  /** Of the further volumes, as tar is to name them. */
  readonly paths: readonly string[];
}

interface TarCommand {
  /** What is run. */
  readonly run: string;
  /** What the real one would have been, for messages. */
  readonly shown: string;
}

function tarCommand({ job, tmpdir, root, paths }: TarPlan): TarCommand {
  const anchored = job.stdexcludes ? ['./tmp/?*', './var/tmp/?*', './var/run/?*.pid'] : [];
  const given = job.excludes.map((path) => (path.startsWith('/') ? `.${path}` : path));
  const head = `tar cpf - ${TAR_OPTIONS} --one-file-system '--warning=no-file-ignored' '--directory=${tmpdir}' ./etc/vzdump/pct.conf ./etc/vzdump/pct.fw '--directory=${root}' --no-anchored '--exclude=lost+found'`;
  const excludes = [
    ...given.filter((path) => !path.startsWith('.')).map((path) => ` '--exclude=${path}'`),
    ' --anchored',
    ...[...anchored, ...given.filter((path) => path.startsWith('.'))].map((path) => ` '--exclude=${path}'`),
  ].join('');
  const further = paths.map((path) => ` '${path}'`).join('');
  const limit = job.bwlimit > 0 ? ` | cstream -t ${job.bwlimit * 1024}` : '';
  const run = `${head}${excludes} ./${further}${limit}`;
  return { run, shown: `set -o pipefail && ${run}`.replace(root, '/mnt/vzsnap0') };
}

export const TAR_OPTIONS =
  "--totals --one-file-system -p --sparse --numeric-owner --acls --xattrs '--xattrs-include=user.*' '--xattrs-include=security.capability' '--warning=no-file-ignored' '--warning=no-xattr-write'";

async function runPipeline(dump: Dump, command: TarCommand): Promise<void> {
  const { job, log, signal, fault, out } = dump;
  const faulty = fault === undefined ? [] : [`lab-fault ${process.pid} '${JSON.stringify(fault)}'`];
  const compressor = compressorCommand(job.compress);
  const line = `set -o pipefail && ${[command.run, ...faulty, ...compressor].join(' | ')}`;
  const child = spawn('/bin/bash', ['-c', line], { stdio: ['ignore', out, 'pipe', LOG_FD] });
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  child.once('close', (code, ended) => resolve(failureOf(code, ended)));
  for await (const words of linesOf(child.stderr)) log.info(words);
  const failure = signal.aborted ? INTERRUPTED : await promise;
  await promise;
  if (failure !== undefined)
    throw new ToolError(`command '${[command.shown, ...compressor].join(' | ')}' failed: ${failure}`);
}

function failureOf(code: number | null, ended: NodeJS.Signals | null): string | undefined {
  if (code === 0) return undefined;
  if (ended === 'SIGPIPE' || code === 141) return 'got signal 13';
  if (ended !== null || code === null) return `got signal ${ended}`;
  return `exit code ${code}`;
}
