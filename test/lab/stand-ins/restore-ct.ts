/**
 * The worker of pct restore: new volumes first, then the old container's volumes are destroyed, then tar extracts. A stream that
 * breaks has lost both. From a pipe only tar sees the archive, so what its pct.conf says of volumes, template and privileges is lost.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import {
  checkUnlocked,
  here,
  readConfig,
  removeConfig,
  setLock,
  writeConfig,
  writeConfigText,
} from './cluster.ts';
import { TAR_OPTIONS } from './dump-container.ts';
import { changed, type GuestConfig, parseGuestConfig } from './guest-config.ts';
import { markCreated, setGuestRun } from './lab-state.ts';
import { linesOf } from './lines.ts';
import { type MountPoint, mountPointsOf, parseMountPoint } from './mount-points.ts';
import { mountVolume, unmount } from './mounts.ts';
import { moveToPool } from './pools.ts';
import { newMac } from './restored-vm-config.ts';
import { configSize } from './sizes.ts';
import { ToolError } from './tool-error.ts';
import { allocateVolume, freeVolume, usableStorage, volumePath } from './volumes.ts';
import { LOG_FD, pause, runWorker, say, type Work } from './worker.ts';

export interface CtRestore {
  readonly vmid: string;
  /** `-`, a path or a volume id. */
  readonly archive: string;
  readonly storage: string;
  /** Given on the command line; wins over the archive. */
  readonly config: readonly (readonly [string, string])[];
  readonly pool: string | undefined;
  readonly existed: boolean;
  readonly unique: boolean;
  readonly start: boolean;
}

if (import.meta.main) await runWorker(restore);

async function restore({ job, signal }: Work<CtRestore>): Promise<string> {
  try {
    await restoreContainer(job, signal);
    return 'OK';
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    throw new ToolError(`unable to restore CT ${job.vmid} - ${error.message}`);
  }
}

async function restoreContainer(job: CtRestore, signal: AbortSignal): Promise<void> {
  const guest = here(job.vmid, 'lxc');
  if (job.existed) {
    checkUnlocked(guest);
    if (readConfig(guest).values.get('protection') === '1') throw new ToolError('protection mode enabled');
  }
  const old = readConfig(guest);
  const made: Volume[] = [];
  try {
    const archived = job.archive === '-' ? undefined : recoverConfig(job.archive);
    if (job.archive !== '-') say(`restoring '${job.archive}' now..`);
    const file = job.archive === '-' ? undefined : checkName(pathOf(job.archive));
    for (const plan of volumesFor(job, archived)) made.push(makeVolume(plan, job.vmid));
    if (job.existed) freeOld(old);
    writeConfigText(guest, 'lock: create\n');
    const inside = await extract({ job, file, made, signal });
    say('merging backed-up and given configuration..');
    writeConfig(guest, merged({ job, archived, inside, made }));
  } catch (error) {
    giveUp(job, made);
    throw error;
  }
  if (job.pool !== undefined) moveToPool(job.vmid, job.pool);
  markCreated(job.vmid);
  if (job.start) setGuestRun(job.vmid, 'running');
}

function giveUp(job: CtRestore, made: readonly Volume[]): void {
  const guest = here(job.vmid, 'lxc');
  for (const { volume } of made) freeVolume(volume);
  if (!job.existed || made.length > 0) removeConfig(guest);
  else setLock(guest, undefined);
}

function pathOf(archive: string): string {
  return archive.startsWith('/') ? archive : volumePath(archive);
}

function recoverConfig(archive: string): GuestConfig {
  say(`recovering backed-up configuration from '${archive}'`);
  const file = pathOf(archive);
  if (!existsSync(file)) throw new ToolError(`can't find file '${file}'`);
  const tar = spawnSync('tar', ['-xOf', file, '--occurrence=1', './etc/vzdump/pct.conf'], {
    encoding: 'utf8',
  });
  if (tar.status === 0) return parseGuestConfig(tar.stdout, 'lxc');
  if (!/\.tar(?:\.\w+)?$/.test(file) && /^(?!.*\.vma)/.test(file)) return parseGuestConfig(tar.stdout, 'lxc');
  for (const line of tar.stderr.split('\n'))
    if (line !== '' && !line.includes('Not found in archive')) say(line);
  throw new ToolError('ERROR: archive contains no configuration file');
}

function checkName(file: string): string {
  if (/\.tar(?:\.(?:gz|bz2|xz|lzo|zst))?$|\.tgz$/.test(file)) return file;
  throw new ToolError(`file does not look like a template archive: ${file}`);
}

interface VolumePlan {
  readonly point: MountPoint;
  readonly storage: string;
  /** GiB; 0: a folder without a limit. */
  readonly size: number;
}

interface Volume extends VolumePlan {
  readonly volume: string;
}

/** Of the command line, or with no --rootfs there: all of the archive's, also those that were not in the backup. */
function volumesFor(job: CtRestore, archived: GuestConfig | undefined): readonly VolumePlan[] {
  const given = job.config.filter(([key]) => key === 'rootfs' || /^mp\d+$/.test(key));
  if (given.length > 0 || archived === undefined) {
    return given
      .map(([key, value]) => planGiven(parseMountPoint(key, value), job.storage))
      .filter(({ point }) => point.isVolume);
  }
  const points = mountPointsOf(archived).filter(({ isVolume }) => isVolume);
  return points.map((point) => ({
    point,
    storage: job.storage,
    size: gibibytes(archived.values.get(point.key) ?? ''),
  }));
}

function planGiven(point: MountPoint, fallback: string): VolumePlan {
  const [, storage, size = '0'] = /^(?:([a-z][\w.-]*):)?(\d+(?:\.\d+)?)$/i.exec(point.volume) ?? [];
  return { point, storage: storage ?? fallback, size: Number(size) };
}

function gibibytes(value: string): number {
  const [, number = '0', unit = 'G'] = /size=(\d+)([MGT])/.exec(value) ?? [];
  return Number(number) * (unit === 'T' ? 1024 : unit === 'M' ? 1 / 1024 : 1);
}

function makeVolume(plan: VolumePlan, vmid: string): Volume {
  const bytes = plan.size * 2 ** 30;
  const storage = usableStorage(plan.storage);
  const volume = allocateVolume(storage, vmid, bytes > 0 ? 'raw' : 'subvol', bytes);
  if (bytes > 0) makeFileSystem(volumePath(volume), bytes);
  return { ...plan, volume };
}

function makeFileSystem(path: string, bytes: number): void {
  say(`Formatting '${path}', fmt=raw size=${bytes} preallocation=off`);
  const made = spawnSync(
    'mke2fs',
    ['-q', '-t', 'ext4', '-O', 'mmp', '-E', 'lazy_itable_init=1', '-F', path],
    { encoding: 'utf8' },
  );
  if (made.status !== 0)
    throw new ToolError(
      `command 'mkfs.ext4 -O mmp -E root_owner=0:0 ${path}' failed: exit code ${made.status}`,
    );
  const shown = spawnSync('dumpe2fs', ['-h', path], { encoding: 'utf8' }).stdout;
  const of = (name: string) => new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(shown)?.[1] ?? '';
  say(`Creating filesystem with ${of('Block count')} 4k blocks and ${of('Inode count')} inodes`);
  say(`Filesystem UUID: ${of('Filesystem UUID')}`);
}

function freeOld(old: GuestConfig): void {
  for (const { isVolume, volume } of mountPointsOf(old))
    if (isVolume && existsSync(volumePath(volume))) freeVolume(volume);
}

interface Extraction {
  readonly job: CtRestore;
  /** undefined: standard input. */
  readonly file: string | undefined;
  readonly made: readonly Volume[];
  readonly signal: AbortSignal;
}

/** @returns the pct.conf that the archive has left in the root file system, if any */
async function extract({ job, file, made, signal }: Extraction): Promise<string | undefined> {
  const root = `/var/lib/lxc/${job.vmid}/rootfs`;
  const mounted = made.map(({ point, volume }) =>
    mountVolume(volumePath(volume), `${root}${point.path === '/' ? '' : point.path}`),
  );
  say(`extracting archive ${file === undefined ? 'from STDIN' : `'${file}'`}`);
  const compression = file === undefined ? '' : compressionOption(file);
  const source = file === undefined ? '-' : `'${file}'`;
  const command = `tar xpf ${source}${compression} ${TAR_OPTIONS} -C ${root} --skip-old-files --anchored --exclude './dev/*'`;
  try {
    const failure = await runTar(command, signal);
    if (failure !== undefined) throw new ToolError(`command '${command}' failed: ${failure}`);
    const config = `${root}/etc/vzdump/pct.conf`;
    return existsSync(config) ? readFileSync(config, 'utf8') : undefined;
  } finally {
    for (const target of mounted.reverse()) unmount(target);
    rmSync(`/var/lib/lxc/${job.vmid}`, { recursive: true, force: true });
  }
}

function compressionOption(file: string): string {
  if (file.endsWith('.zst')) return ' --zstd';
  if (/\.t?gz$/.test(file)) return ' -z';
  if (file.endsWith('.lzo')) return ' --lzop';
  if (file.endsWith('.xz')) return ' -J';
  return file.endsWith('.bz2') ? ' -j' : '';
}

/** @returns what went wrong */
async function runTar(command: string, signal: AbortSignal): Promise<string | undefined> {
  const child = spawn('/bin/bash', ['-c', command], { stdio: ['inherit', 'ignore', 'pipe', LOG_FD] });
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  child.once('close', (code, ended) =>
    resolve(code === 0 ? undefined : ended === null ? `exit code ${code}` : `got signal ${ended}`),
  );
  for await (const line of linesOf(child.stderr)) say(line);
  const failure = await promise;
  // TERM goes to the whole group: tar may have ended before this process has noticed its own.
  if (failure === 'got signal SIGTERM') await pause(1000, signal);
  return signal.aborted ? 'received interrupt' : failure;
}

interface Restored {
  readonly job: CtRestore;
  /** Read before extraction, which only a file allows. */
  readonly archived: GuestConfig | undefined;
  /** Found in the root file system after extraction. */
  readonly inside: string | undefined;
  readonly made: readonly Volume[];
}

/** The given wins over the archive; from a pipe neither template nor unprivileged nor mount points come over. */
function merged({ job, archived, inside, made }: Restored): GuestConfig {
  const found = archived ?? (inside === undefined ? undefined : parseGuestConfig(inside, 'lxc'));
  if (found === undefined) announceNoConfig();
  const base = found ?? emptyConfig(job.vmid);
  const kept = [...base.values]
    .filter(([key]) => keepsKey(key, archived !== undefined))
    .map(([key, value]) => [key, job.unique ? withNewMac(key, value) : value] as const);
  const bindMounts =
    archived === undefined || job.config.some(([key]) => key === 'rootfs')
      ? []
      : mountPointsOf(archived).filter(({ isVolume }) => !isVolume);
  const given = job.config.filter(([key]) => !/^(?:rootfs|mp\d+|description)$/.test(key));
  const volumes = made.map(
    ({ point, volume, size }) => [point.key, volumeLine(point, volume, size)] as const,
  );
  const binds = bindMounts.map(({ key }) => [key, archived?.values.get(key) ?? ''] as const);
  const values = new Map([...kept, ...given, ...volumes, ...binds]);
  const description = job.config.find(([key]) => key === 'description')?.[1];
  return changed(
    { description: description === undefined ? base.description : `${description}\n`, values, sections: '' },
    [],
  );
}

function announceNoConfig(): void {
  const bar = '#'.repeat(59);
  for (const line of [bar, 'Backup archive does not contain any configuration', bar]) say(line);
  say("/etc/os-release file not found and autodetection failed, falling back to 'unmanaged'");
}

function emptyConfig(vmid: string): GuestConfig {
  const values = new Map([
    ['arch', 'amd64'],
    ['hostname', `CT${vmid}`],
    ['memory', '512'],
    ['ostype', 'unmanaged'],
    ['swap', '512'],
  ]);
  return { description: undefined, values, sections: '' };
}

function keepsKey(key: string, fromFile: boolean): boolean {
  if (/^(?:rootfs|mp\d+|lock|unused\d+|parent)$/.test(key)) return false;
  return fromFile || !/^(?:unprivileged|template)$/.test(key);
}

function withNewMac(key: string, value: string): string {
  return /^net\d+$/.test(key) ? value.replace(/(?:[0-9A-F]{2}:){5}[0-9A-F]{2}/i, newMac()) : value;
}

function volumeLine(point: MountPoint, volume: string, size: number): string {
  const path = point.key === 'rootfs' ? [] : [`mp=${point.path}`];
  return [volume, ...path, ...point.options, `size=${size > 0 ? configSize(size * 2 ** 30) : '0T'}`].join(
    ',',
  );
}
