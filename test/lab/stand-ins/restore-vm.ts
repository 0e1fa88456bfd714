/**
 * The worker of qmrestore. It is not a swap: after the header was read the old configuration becomes a stub and old disks of the
 * same drive names are freed, before any data has arrived.
 */
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { openArchive } from './archive-input.ts';
import { ByteSource } from './byte-source.ts';
import { here, PVE, readConfig, readConfigText, setLock, writeConfigText } from './cluster.ts';
import { drivesOf } from './drives.ts';
import { type GuestConfig, parseGuestConfig } from './guest-config.ts';
import { guestRun, markCreated, readSettings, setGuestRun } from './lab-state.ts';
import { moveToPool } from './pools.ts';
import { RestoreReport } from './restore-report.ts';
import { mergeVmConfig, templateVolumes } from './restored-vm-config.ts';
import { ToolError } from './tool-error.ts';
import {
  type ArchiveDevice,
  type ArchiveHeader,
  type DiskWriter,
  readVmaExtents,
  readVmaHeader,
  VmaError,
} from './vma-reader.ts';
import {
  allocateVolume,
  freeVolume,
  readStorages,
  type Storage,
  usableStorage,
  volumePath,
} from './volumes.ts';
import { INTERRUPTED, pause, runWorker, say, type Work } from './worker.ts';

export interface VmRestore {
  readonly vmid: string;
  /** undefined: standard input. */
  readonly file: string | undefined;
  readonly force: boolean;
  readonly storage: string | undefined;
  readonly unique: boolean;
  readonly pool: string | undefined;
  /** KiB/s; 0: no limit. */
  readonly bwlimit: number;
  readonly liveRestore: boolean;
  readonly start: boolean;
}

if (import.meta.main) await runWorker(restore);

async function restore({ job, signal }: Work<VmRestore>): Promise<string> {
  try {
    return await restoreVm(job, signal);
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    say(
      `error before or during data restore, some or all disks were not completely restored. VM ${job.vmid} state is NOT cleaned up.`,
    );
    throw error;
  }
}

async function restoreVm(job: VmRestore, signal: AbortSignal): Promise<string> {
  if (job.liveRestore) {
    throw new ToolError('live-restore is only compatible with backup images from a Proxmox Backup Server');
  }
  if (guestRun(job.vmid).state !== 'stopped')
    throw new ToolError(`unable to restore VM ${job.vmid} - vm is running`);
  const before = readConfigOrEmpty(job.vmid);
  const { command, chunks } = openArchive(job.file);
  say(`restore vma archive: ${command}`);
  let kept: readonly string[];
  try {
    kept = await extract({ job, before, signal }, new ByteSource(chunks));
  } catch (error) {
    const message = messageOf(error, signal);
    if (message === undefined) throw error;
    throw new ToolError(`command 'set -o pipefail && ${command}' failed: ${message}`);
  }
  say('rescan volumes...');
  addUnreferenced(job.vmid, before, kept);
  if (job.pool !== undefined) moveToPool(job.vmid, job.pool);
  convertTemplate(job.vmid);
  markCreated(job.vmid);
  if (job.start) {
    say('Execute autostart');
    setGuestRun(job.vmid, 'running');
  }
  return 'OK';
}

interface Extraction {
  readonly job: VmRestore;
  readonly before: GuestConfig;
  readonly signal: AbortSignal;
}

function messageOf(error: unknown, signal: AbortSignal): string | undefined {
  if (signal.aborted) return INTERRUPTED;
  if (error instanceof ToolError) return error.message;
  return error instanceof VmaError ? 'got signal 5' : undefined;
}

function readConfigOrEmpty(vmid: string): GuestConfig {
  return parseGuestConfig(readConfigText(here(vmid, 'qemu')), 'qemu');
}

/** @returns the volumes of the old VM that the new one does not use */
async function extract({ job, before, signal }: Extraction, source: ByteSource): Promise<readonly string[]> {
  const header = await headerInTime(source, signal);
  announce(header);
  const conf = Buffer.from(header.configs.get('qemu-server.conf') ?? '').toString('utf8');
  const plans = planDisks(header, conf, job);
  for (const plan of plans) checkContent(plan.storage);
  const kept = stubOut(job, before, plans);
  const volumes = new Map<string, string>();
  try {
    for (const plan of plans) usableStorage(plan.storage);
    if (job.bwlimit > 0)
      for (const { storage } of plans.slice(0, 1))
        say(`rate limit for storage ${storage}: ${job.bwlimit} KiB/s`);
    for (const plan of plans) volumes.set(plan.device.name, allocate(plan, job.vmid));
    for (const [device, volume] of volumes)
      say(`map '${device}' to '${volumePath(volume)}' (write zeros = 0)`);
    await writeDisks({ source, header, volumes, signal });
  } catch (error) {
    if (error instanceof VmaError) say(`vma: ${error.message}`);
    cleanUp(job.vmid, volumes);
    throw error;
  }
  writeConfigText(
    here(job.vmid, 'qemu'),
    mergeVmConfig(conf, { disks: disksByKey(plans, volumes), unique: job.unique }),
  );
  const firewall = header.configs.get('qemu-server.fw');
  if (firewall !== undefined) writeFileSync(`${PVE}/firewall/${job.vmid}.fw`, firewall);
  return kept;
}

/** An input that is no archive is found at once, but qmrestore goes on waiting for the header to the end of its time. */
async function headerInTime(source: ByteSource, signal: AbortSignal): Promise<ArchiveHeader> {
  const timeout = Symbol('timeout');
  const late = pause(readSettings().vmaHeaderSeconds * 1000, signal).then(() => timeout);
  const header = readVmaHeader(source).catch(async (error: unknown) => {
    if (!(error instanceof VmaError)) throw error;
    await late;
    return timeout;
  });
  const first = await Promise.race([header, late]);
  if (typeof first === 'symbol') throw new ToolError('got timeout reading VMA header - corrupted?');
  return first;
}

function announce({ configs, devices, created }: ArchiveHeader): void {
  for (const [name, data] of configs) say(`CFG: size: ${data.length} name: ${name}`);
  for (const { id, size, name } of devices) say(`DEV: dev_id=${id} size: ${size} devname: ${name}`);
  say(`CTIME: ${ctime(new Date(created * 1000))}`);
  if (devices.length === 0) say('vma archive contains no image data');
}

/** `Sun Nov 22 17:06:18 2026` */
function ctime(date: Date): string {
  const [weekday, month, day, year] = date.toDateString().split(' ');
  return `${weekday} ${month} ${String(Number(day)).padStart(2)} ${date.toTimeString().slice(0, 8)} ${year}`;
}

interface DiskPlan {
  readonly device: ArchiveDevice;
  /** `scsi0` */
  readonly key: string;
  readonly storage: string;
  readonly format: string;
}

function planDisks({ devices }: ArchiveHeader, conf: string, job: VmRestore): readonly DiskPlan[] {
  const hints = new Map(
    [...conf.matchAll(/^#qmdump#map:(\w+):(\S+?):(\S*?):(\w*):$/gm)].map(
      ([, key = '', name = '', storage = '', format = '']) => [name, { key, storage, format }],
    ),
  );
  return devices.map((device) => {
    const hint = hints.get(device.name);
    if (hint === undefined)
      throw new ToolError(`no device mapping information in config for '${device.name}'`);
    const storage = job.storage ?? (hint.storage === '' ? 'local' : hint.storage);
    return { device, key: hint.key, storage, format: hint.format === '' ? 'raw' : hint.format };
  });
}

function checkContent(name: string): void {
  const storage = readStorages().find((each) => each.name === name);
  if (storage === undefined) throw new ToolError(`storage '${name}' does not exist`);
  if (!storage.content.includes('images'))
    throw new ToolError(`Content type 'images' is not available on storage '${name}'`);
}

function stubOut(job: VmRestore, before: GuestConfig, plans: readonly DiskPlan[]): readonly string[] {
  const keys = new Set(plans.map(({ key }) => key));
  const others = drivesOf(before).filter(({ key }) => !keys.has(key));
  for (const drive of drivesOf(before)) if (keys.has(drive.key)) freeVolume(drive.volume);
  writeConfigText(here(job.vmid, 'qemu'), 'memory: 128\n');
  return others.map(({ volume }) => volume);
}

function addUnreferenced(vmid: string, before: GuestConfig, kept: readonly string[]): void {
  const known = [...before.values].filter(([key]) => /^unused\d+$/.test(key)).map(([, volume]) => volume);
  const text = readConfigText(here(vmid, 'qemu'));
  const lines = [...kept, ...known].map((volume, index) => {
    say(`VM ${vmid} add unreferenced volume '${volume}' as 'unused${index}' to config`);
    return `unused${index}: ${volume}\n`;
  });
  writeConfigText(here(vmid, 'qemu'), text + lines.join(''));
}

function allocate({ device, storage, format }: DiskPlan, vmid: string): string {
  const target: Storage = usableStorage(storage);
  const volume = allocateVolume(target, vmid, format, device.size);
  const details =
    format === 'qcow2'
      ? `fmt=qcow2 cluster_size=65536 extended_l2=off preallocation=metadata compression_type=zlib size=${device.size} lazy_refcounts=off refcount_bits=16`
      : `fmt=raw size=${device.size} preallocation=off`;
  say(`Formatting '${volumePath(volume)}', ${details}`);
  say(`new volume ID is '${volume}'`);
  return volume;
}

interface DiskCopy {
  readonly source: ByteSource;
  readonly header: ArchiveHeader;
  readonly volumes: ReadonlyMap<string, string>;
  readonly signal: AbortSignal;
}

async function writeDisks({ source, header, volumes, signal }: DiskCopy): Promise<void> {
  const files = new Map([...volumes].map(([name, volume]) => [name, openSync(volumePath(volume), 'r+')]));
  const report = new RestoreReport(header);
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  stopped.catch(() => {});
  signal.addEventListener('abort', () => reject(new ToolError(INTERRUPTED)));
  const writer: DiskWriter = {
    data: ({ name }, offset, bytes) => {
      const fd = files.get(name);
      if (fd !== undefined) writeSync(fd, bytes, 0, bytes.length, offset);
    },
    progress: (bytes, zeroBytes) => report.count(bytes, zeroBytes),
  };
  try {
    await Promise.race([readVmaExtents(source, header, writer), stopped]);
    if (header.devices.length > 0) report.end();
  } finally {
    for (const fd of files.values()) closeSync(fd);
  }
}

function cleanUp(vmid: string, volumes: ReadonlyMap<string, string>): void {
  for (const volume of volumes.values()) {
    freeVolume(volume);
    say(`temporary volume '${volume}' successfully removed`);
  }
  setLock(here(vmid, 'qemu'), undefined);
  say("no lock found trying to remove 'create'  lock");
}

function disksByKey(
  plans: readonly DiskPlan[],
  volumes: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  return new Map(plans.map(({ key, device }) => [key, volumes.get(device.name) ?? '']));
}

function convertTemplate(vmid: string): void {
  const config = readConfig(here(vmid, 'qemu'));
  if (config.values.get('template') !== '1') return;
  say('Convert to template.');
  templateVolumes(vmid, config);
}
