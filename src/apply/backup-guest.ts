import { createHash } from 'node:crypto';
import type { VmaConfig } from '../formats/vma/vma-header.ts';
import type { BackupAction } from '../plan/plan.ts';
import { vzdumpCommand } from '../pve/commands.ts';
import { formatGuestRef } from '../pve/guest.ts';
import { parseGuestConfig } from '../pve/guest-config.ts';
import type { Guest, Inventory, LineId } from '../pve/inventory.ts';
import { firstDiskStorage } from '../pve/vzdump-options.ts';
import type { VzdumpRecord } from '../pve/vzdump-record.ts';
import type { Store } from '../repository/store.ts';
import { archiveName } from '../snapshot/archive-name.ts';
import type { TakenFile } from '../snapshot/file-builder.ts';
import { encodeGuestRecord, type GuestRecord, rootfsRecord } from '../snapshot/guest-record.ts';
import { type GuestEntry, saveGuestTree } from '../snapshot/guest-tree.ts';
import { formatRfc3339 } from '../snapshot/rfc3339.ts';
import type { Shell } from '../transport/shell.ts';
import type { BackupReport, Progress } from './apply-event.ts';
import type { ApplyHost } from './apply-host.ts';
import { consumedPieces } from './consumed-pieces.ts';
import { decompressDump } from './decompress-dump.ts';
import { dumpFailure } from './dump-outcome.ts';
import type { BrokenDump } from './left-by-dump.ts';
import { lineChunkSizes } from './line-chunk-sizes.ts';
import { type DumpRun, runDump } from './run-dump.ts';
import { type TakenContainer, takeInContainer } from './take-in-container.ts';
import { type TakenVm, takeInVm } from './take-in-vm.ts';
import { WatchedLog } from './watched-dump.ts';

export interface BackupContext {
  readonly store: Store;
  readonly host: ApplyHost;
  readonly shell: Shell;
  readonly inventory: Pick<Inventory, 'version' | 'clusterFingerprint'>;
  /** The guest as the inventory shows it. */
  readonly guest: Guest;
  /** Names this run; the tag `run=` of each snapshot it makes. */
  readonly run: string;
  readonly programVersion: string;
  readonly temporaryFolder: string;
  /** Of programs that are started on this machine. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** The site's UTC offset, east positive. */
  readonly offsetMinutes: number;
  readonly onProgress: (progress: Progress) => void;
  readonly onWaiting: () => void;
  /** Is told of a dump that was begun on the node and does not count, before the error is thrown. */
  readonly onBroken?: (broken: BrokenDump) => void;
  readonly signal: AbortSignal;
}

type Taken =
  | { readonly kind: 'vm'; readonly vm: TakenVm }
  | { readonly kind: 'container'; readonly container: TakenContainer };

/**
 * Dumps one guest and commits a snapshot, if all of it is proved whole; otherwise the repository shows nothing. When it
 * is aborted, or the stream turns out to be broken, vzdump is ended by its wrapper on the node, and its end awaited.
 * @throws UserError with the cause nearest to the root
 */
export async function backupGuest(action: BackupAction, context: BackupContext): Promise<BackupReport> {
  const dump = new Dump(action, context);
  return dump.commit(await dump.takeIn());
}

class Dump {
  readonly #action: BackupAction;
  readonly #context: BackupContext;
  readonly #command: readonly string[];
  readonly #log = new WatchedLog();
  readonly #guest: string;
  readonly #begun: number;
  #started: number;
  #streamBytes = 0;
  #doneBytes = 0;
  #newBytes: number | undefined;
  #logFile: string | undefined;
  #totalBytes: number | undefined;

  constructor(action: BackupAction, context: BackupContext) {
    const { host, inventory } = context;
    const storage = firstDiskStorage(action.volumes);
    this.#action = action;
    this.#context = context;
    this.#guest = formatGuestRef(action.guest.ref);
    this.#begun = context.clock();
    this.#started = this.#begun;
    this.#command = vzdumpCommand({
      vmid: action.guest.ref.vmid,
      mode: action.mode,
      compress: host.compression,
      dumpDir: host.dumpDir,
      ...host.vzdump,
      version: inventory.version,
      ...(storage !== undefined && { diskStorage: storage }),
    });
  }

  async takeIn(): Promise<Taken> {
    const { shell, host, signal } = this.#context;
    const chunkSizes = await lineChunkSizes(this.#context.store, this.#action.newest);
    const run = await runDump(shell, {
      guest: this.#action.guest.ref,
      argv: this.#command,
      host,
      log: this.#log,
      onRecord: (record) => this.#watch(record),
      takeIn: (stream) => this.#intake(stream, chunkSizes),
      signal,
    });
    try {
      signal.throwIfAborted();
      return this.#judge(run);
    } catch (error) {
      if (!isLocked(this.#log.verdict.cause)) this.#context.onBroken?.(this.#broken(run));
      throw error;
    }
  }

  #judge({ exit, taken, givenUp }: DumpRun<Taken>): Taken {
    const failure = dumpFailure({
      guest: this.#guest,
      where: this.#context.shell.where,
      argv: this.#command,
      exit,
      givenUp,
      verdict: this.#log.verdict,
      streamBytes: this.#streamBytes,
      intakeError: taken.kind === 'failed' ? taken.error : undefined,
    });
    if (failure !== undefined) throw failure;
    if (taken.kind === 'failed') throw taken.error;
    return taken.value;
  }

  #broken({ exit }: DumpRun<Taken>): BrokenDump {
    return {
      guest: this.#action.guest.ref,
      ended: exit.kind !== 'lost',
      streamBytes: this.#streamBytes,
      logFile: this.#logFile,
    };
  }

  async commit(taken: Taken): Promise<BackupReport> {
    const { store, host, offsetMinutes, programVersion, run } = this.#context;
    this.#report('committing');
    const ended = this.#context.clock();
    const time = formatRfc3339(this.#started, offsetMinutes);
    const record = this.#record(taken, { time, ended: formatRfc3339(ended, offsetMinutes) });
    const amounts = amountsOf(taken);
    const entries = [...entriesOf(taken, this.#action), ...this.#ownEntries(record)];
    const tree = await saveGuestTree(store.writer, this.#action.guest.ref, { entries, time });
    const snapshot = await store.saveSnapshot({
      time,
      tree,
      hostname: host.id,
      paths: [`/${this.#guest}`],
      tags: [
        'pvebak',
        `guest=${this.#action.identity.line}`,
        ...this.#action.policies.map((name) => `policy=${name}`),
        `run=${run}`,
      ],
      username: 'pvebak',
      programVersion,
      summary: {
        backupStart: time,
        backupEnd: formatRfc3339(Math.max(ended, this.#started), offsetMinutes),
        totalBytesProcessed: amounts.diskBytes,
        dataAdded: amounts.newBytes,
        dataAddedPacked: amounts.storedBytes,
      },
    });
    return {
      snapshot: snapshot.id,
      ...amounts,
      streamBytes: this.#streamBytes,
      elapsedMs: this.#context.clock() - this.#begun,
      warnings: [...record.dump.warnings, ...leftOutOfView(record)],
    };
  }

  async #intake(stdout: AsyncIterable<Uint8Array>, chunkSizes: ReadonlyMap<string, number>): Promise<Taken> {
    const { host, environment } = this.#context;
    const stream = decompressDump(this.#counted(stdout), host.compression, environment);
    const { writer } = this.#context.store;
    if (this.#action.guest.ref.type === 'lxc')
      return { kind: 'container', container: await takeInContainer(stream, writer) };
    // What a decompressor gives may be views of one buffer.
    const own = this.#context.host.compression === '0' ? consumedPieces(stream) : stream;
    const vm = await takeInVm(own, {
      writer,
      temporaryFolder: this.#context.temporaryFolder,
      chunkBytesOf: (device) => chunkSizes.get(device),
      archiveIdentity: (configs) => archiveIdentity(this.#action.identity.line, configs),
      onTotal: (bytes) => {
        this.#totalBytes = bytes;
      },
      onProgress: (bytes, newBytes) => {
        this.#doneBytes += bytes;
        this.#newBytes = newBytes;
      },
    });
    return { kind: 'vm', vm };
  }

  async *#counted(stdout: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const bytes of stdout) {
      this.#streamBytes += bytes.length;
      this.#report('dumping');
      yield bytes;
    }
  }

  #report(phase: Progress['phase']): void {
    this.#context.onProgress({
      phase,
      doneBytes:
        this.#totalBytes === undefined ? this.#streamBytes : Math.min(this.#doneBytes, this.#totalBytes),
      totalBytes: this.#totalBytes,
      streamBytes: this.#streamBytes,
      newBytes: this.#newBytes,
      elapsedMs: this.#context.clock() - this.#begun,
    });
  }

  #watch(record: VzdumpRecord): void {
    if (record.kind === 'waiting-for-lock') this.#context.onWaiting();
    if (record.kind === 'started') this.#started = this.#context.clock();
    if (record.kind === 'other-info') this.#logFile ??= this.#logFileOf(record.text);
  }

  /** vzdump names the file after the moment that its log tells. */
  #logFileOf(text: string): string | undefined {
    const [, ...time] = /^Backup started at (\d+)-(\d+)-(\d+) (\d+):(\d+):(\d+)$/.exec(text) ?? [];
    const [year, month, day, hour, minute, second] = time;
    const { type, vmid } = this.#action.guest.ref;
    if (second === undefined) return undefined;
    return `${this.#context.host.dumpDir}/vzdump-${type}-${vmid}-${year}_${month}_${day}-${hour}_${minute}_${second}.log`;
  }

  #record(taken: Taken, { time, ended }: { readonly time: string; readonly ended: string }): GuestRecord {
    const { guest, inventory, host } = this.#context;
    const { ref, node, name } = this.#action.guest;
    return {
      version: 1,
      guest: {
        ...ref,
        ...(name !== undefined && { name }),
        tags: guest.tags,
        ...(guest.pool !== undefined && { pool: guest.pool }),
        template: guest.template,
        ...(guest.ha !== undefined && { ha: guest.ha }),
        ...(guest.replication !== undefined && { replication: guest.replication }),
      },
      host: host.id,
      node,
      pve: inventory.version,
      line: {
        id: this.#action.identity.line,
        cluster: inventory.clusterFingerprint,
        machine: this.#action.identity.machine,
      },
      dump: {
        mode: this.#action.mode,
        compression: host.compression,
        command: this.#command,
        started: time,
        ended,
        exitStatus: 0,
        warnings: this.#log.verdict.warnings,
      },
      ...recordedContent(taken, this.#action),
      leftOut: this.#action.volumes.flatMap(({ key, leftOut }) =>
        leftOut === undefined ? [] : [{ key, reason: leftOut }],
      ),
    };
  }

  #ownEntries(record: GuestRecord): readonly GuestEntry[] {
    return [
      { kind: 'small-file', name: 'pvebak.json', bytes: encodeGuestRecord(record) },
      { kind: 'small-file', name: 'vzdump.log', bytes: this.#log.text },
    ];
  }
}

/** What the files of a container lack, in words. */
function leftOutOfView({ rootfs }: GuestRecord): readonly string[] {
  if (rootfs === undefined || rootfs.leftOutCount === 0) return [];
  const { leftOut, leftOutCount } = rootfs;
  const lines = leftOut.map(({ path, reason }) => `/${path} is in the archive only: ${reason}`);
  const more = leftOutCount - leftOut.length;
  return more === 0 ? lines : [...lines, `${more} more are in the archive only`];
}

/** The guest was locked before vzdump came, so that nothing was begun: the lock is somebody else's. */
function isLocked(cause: string | undefined): boolean {
  return cause !== undefined && /is locked/.test(cause);
}

function entriesOf(taken: Taken, action: BackupAction): readonly GuestEntry[] {
  const { type, vmid } = action.guest.ref;
  const archive = (file: TakenFile): GuestEntry => ({
    kind: 'large-file',
    folder: 'archive',
    name: archiveName(type, vmid),
    ...file,
  });
  if (taken.kind === 'container') {
    const { config, firewall, rootfs } = taken.container;
    return [
      archive(taken.container.archive),
      ...(rootfs.root === undefined ? [] : [{ kind: 'folder', name: 'rootfs', root: rootfs.root } as const]),
      ...smallFile('pct.conf', config),
      ...smallFile('pct.fw', firewall),
    ];
  }
  const disks = taken.vm.disks.map(
    ({ name, file }): GuestEntry => ({ kind: 'large-file', folder: name, name: `${name}.raw`, ...file }),
  );
  return [
    archive(taken.vm.archive),
    ...disks,
    ...taken.vm.configs.flatMap(({ name, content }) => smallFile(name, content)),
  ];
}

function smallFile(name: string, bytes: Uint8Array | undefined): readonly GuestEntry[] {
  return bytes === undefined ? [] : [{ kind: 'small-file', name, bytes }];
}

function recordedContent(
  taken: Taken,
  action: BackupAction,
): Pick<GuestRecord, 'disks' | 'archive' | 'rootfs' | 'assembly'> {
  const name = archiveName(action.guest.ref.type, action.guest.ref.vmid);
  const archive = (file: TakenFile) => ({
    name,
    size: file.size,
    newBytes: file.amount.newBytes,
    reusedBytes: file.amount.reusedBytes,
    listDigest: file.listDigest,
  });
  if (taken.kind === 'container') {
    const { archive: file, sha256, rootfs } = taken.container;
    return { disks: [], archive: { ...archive(file), sha256 }, rootfs: rootfsRecord(rootfs) };
  }
  const disks = taken.vm.disks.map((disk) => ({
    device: disk.name,
    deviceId: disk.deviceId,
    size: disk.file.size,
    zeroBytes: disk.zeroBytes,
    newBytes: disk.amount.newBytes,
    reusedBytes: disk.amount.reusedBytes,
    chunkSize: disk.chunkBytes,
    listDigest: disk.file.listDigest,
  }));
  const { spilledPieces, smallerBlobs } = taken.vm;
  return { disks, archive: archive(taken.vm.archive), assembly: { spilledPieces, smallerBlobs } };
}

function amountsOf(
  taken: Taken,
): Pick<
  BackupReport,
  'diskBytes' | 'zeroBytes' | 'newBytes' | 'reusedBytes' | 'storedBytes' | 'spilledPieces' | 'smallerBlobs'
> {
  const disks = taken.kind === 'vm' ? taken.vm.disks : [];
  const archive = taken.kind === 'vm' ? taken.vm.archive : taken.container.archive;
  const views = taken.kind === 'vm' ? [] : [taken.container.rootfs.amount];
  const amounts = [archive.amount, ...disks.map(({ amount }) => amount)];
  const sum = (pick: (amount: TakenFile['amount']) => number) =>
    amounts.reduce((total, amount) => total + pick(amount), 0);
  return {
    diskBytes: taken.kind === 'vm' ? disks.reduce((total, { file }) => total + file.size, 0) : archive.size,
    zeroBytes: disks.reduce((total, { zeroBytes }) => total + zeroBytes, 0),
    newBytes: sum(({ newBytes }) => newBytes),
    reusedBytes: sum(({ reusedBytes }) => reusedBytes),
    storedBytes: views.reduce(
      (total, view) => total + view.storedBytes,
      sum(({ storedBytes }) => storedBytes),
    ),
    spilledPieces: taken.kind === 'vm' ? taken.vm.spilledPieces : 0,
    smallerBlobs: taken.kind === 'vm' ? taken.vm.smallerBlobs : 0,
  };
}

/** From the line and the machine's own creation time, so that an unchanged guest gives the same archive. */
function archiveIdentity(
  line: LineId,
  configs: readonly VmaConfig[],
): { readonly uuid: Uint8Array; readonly ctime: number } {
  const uuid = createHash('sha256').update(`pvebak vma uuid\n${line}\n`).digest().subarray(0, 16);
  const config = configs.find(({ name }) => name === 'qemu-server.conf');
  const createdAt =
    config === undefined
      ? undefined
      : parseGuestConfig('qemu', Buffer.from(config.content).toString('utf8')).createdAt;
  return { uuid: Uint8Array.from(uuid), ctime: createdAt ?? 0 };
}
