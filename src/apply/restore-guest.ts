import { withoutMountPoints } from '../pve/container-host-access.ts';
import { formatGuestRef, type GuestRef } from '../pve/guest.ts';
import { guestBridges } from '../pve/guest-bridges.ts';
import { hostAccessText } from '../pve/host-access-text.ts';
import type { Store } from '../repository/store.ts';
import { stagedArchiveName } from '../snapshot/archive-name.ts';
import { type ArchiveReading, type OpenSnapshot, openSnapshot } from '../snapshot/open-snapshot.ts';
import type { Shell } from '../transport/shell.ts';
import { UserError } from '../user-error.ts';
import type { Progress, RestoreReport } from './apply-event.ts';
import type { ApplyHost } from './apply-host.ts';
import { type BroughtAccess, hostAccessFaults, judgeBrought } from './host-access-fault.ts';
import { RecycledMemory } from './recycled-memory.ts';
import { restoreByFile } from './restore-by-file.ts';
import { restoreByStream } from './restore-by-stream.ts';
import { checkTarget, refuseFaults, stopTarget } from './restore-check.ts';
import type { Delivery } from './restore-delivery.ts';
import type { RestoreDestination } from './restore-destination.ts';
import { restoreFailure } from './restore-failure.ts';
import { finishRestore } from './restore-finish.ts';
import { type Placement, placeRestore } from './restore-placement.ts';
import { RestoreProgress } from './restore-progress.ts';
import { freeBytesOf } from './restore-target-facts.ts';
import type { WantedOfTarget } from './restore-target-faults.ts';
import { restoreToolArgv } from './restore-tool-argv.ts';
import type { ToolEnded } from './restore-tool-run.ts';
import { mapVmConfig } from './restore-vm-config.ts';
import { chooseRestoreWay, type RestoreWay } from './restore-way.ts';

export interface RestoreRequest {
  /** 64 hex digits. */
  readonly snapshot: string;
  /** The guest that the snapshot holds. */
  readonly guest: GuestRef;
  readonly to: RestoreDestination;
  /** Whether a guest that has the vmid may be stopped and overwritten. Otherwise the vmid must be free. */
  readonly replace: boolean;
  /** Lines of the configuration by which it reaches the node that may come with it, though they are new there. */
  readonly allowedAccess: readonly string[];
}

export interface RestoreContext {
  readonly store: Store;
  readonly host: ApplyHost;
  readonly shell: Shell;
  readonly clock: () => number;
  readonly onProgress: (progress: Progress) => void;
  /** Is awaited when all was checked, right before the target is touched. */
  readonly onTouching?: (target: { readonly overwrites: boolean }) => Promise<void>;
  /** The guest is whole; what fails after this is what was to be done with it. */
  readonly onRestored?: () => void;
  readonly signal: AbortSignal;
}

/**
 * Restores a guest. Every blob is read and the target is checked, twice, before the target is touched: stopped where it
 * is to be replaced, and given to qmrestore or pct restore, as a file or as a stream (`chooseRestoreWay`).
 * @throws UserError; after the target was touched, its message says which state it is in and its hint what to type
 */
export async function restoreGuest(request: RestoreRequest, context: RestoreContext): Promise<RestoreReport> {
  const snapshot = await openSnapshot(context.store, request.snapshot, request.guest);
  const restore = new Restore(request, context, snapshot);
  const exists = await restore.checkEarly();
  const way = await chosenWay(request, { snapshot, exists }, context);
  return await restore.run(way);
}

async function chosenWay(
  { to, guest }: RestoreRequest,
  { snapshot, exists }: { readonly snapshot: OpenSnapshot; readonly exists: boolean },
  { shell, host, signal }: RestoreContext,
): Promise<RestoreWay> {
  const { mode } = to;
  const { mostBytes } = snapshot;
  const freeBytes = mode === 'streamed' ? undefined : await freeBytesOf(shell, host.dumpDir, signal);
  const way = chooseRestoreWay({
    ...(mode !== undefined && { mode }),
    type: guest.type,
    exists,
    freeBytes,
    mostBytes,
  });
  if (way !== 'refused') return way;
  throw new UserError(
    'restore-target',
    freeBytes === undefined
      ? `there is no folder ${host.dumpDir} on ${shell.where}`
      : `${host.dumpDir} on ${shell.where} has ${freeBytes} bytes free, and the archive may take ${mostBytes}`,
    { hint: 'set another dump_dir, or restore with mode: streamed, which needs no room there' },
  );
}

/** One guest on its way back. */
class Restore {
  readonly #request: RestoreRequest;
  readonly #context: RestoreContext;
  readonly #snapshot: OpenSnapshot;
  readonly #target: GuestRef;
  readonly #progress: RestoreProgress;
  readonly #notes = new Set<string>();
  readonly #memory = new RecycledMemory();
  #before: string | undefined;
  #wasStopped = false;
  #archiveBytes = 0;

  constructor(request: RestoreRequest, context: RestoreContext, snapshot: OpenSnapshot) {
    this.#request = request;
    this.#context = context;
    this.#snapshot = snapshot;
    this.#target = { type: request.guest.type, vmid: request.to.vmid };
    const { clock, onProgress } = context;
    this.#progress = new RestoreProgress({ total: snapshot.size, clock, emit: onProgress });
  }

  /** @returns whether a guest is there that will be overwritten */
  async checkEarly(): Promise<boolean> {
    await this.#check(this.#placement('staged'), { archiveBytes: undefined, access: this.#surelyBrought() });
    return this.#before !== undefined;
  }

  async run(way: RestoreWay): Promise<RestoreReport> {
    const placement = this.#placement(way);
    this.#checkAccess(placement);
    const delivery = this.#delivery(way, placement);
    const path = this.#stagedPath;
    const keep = !this.#context.host.cleanup;
    const ended =
      way === 'staged' ? await restoreByFile({ path, keep }, delivery) : await restoreByStream(delivery);
    if (!succeeded(ended)) throw await this.#failure(ended, { way, placement });
    this.#context.onRestored?.();
    await this.#finish(way, placement);
    return this.#report(way);
  }

  #placement(way: RestoreWay): Placement {
    const { storage, map } = this.#request.to;
    const choice = {
      ...(storage !== undefined && { storage }),
      ...(map !== undefined && { mapStorage: map.storage }),
    };
    const { type } = this.#target;
    return placeRestore({
      type,
      config: this.#snapshot.config,
      choice,
      way,
      archiveBytes: this.#snapshot.size,
    });
  }

  #delivery(way: RestoreWay, placement: Placement): Delivery {
    const { shell, signal } = this.#context;
    return {
      shell,
      signal,
      target: this.#target,
      argv: (archive) => this.#argv(archive, placement),
      overwrites: this.#before !== undefined,
      archive: (reading) => this.#archive(placement, way === 'staged' || reading === 'sending'),
      // The pieces of a container's archive are blobs, and one that follows itself is the same piece again.
      free: this.#target.type === 'qemu' ? (part) => this.#memory.free(part) : () => undefined,
      beforeTouching: (bytes) => this.#beforeTouching(placement, bytes),
      onPercent: (percent) => this.#progress.percent(percent),
    };
  }

  #argv(archive: string, { told }: Placement): readonly string[] {
    const { to, replace } = this.#request;
    return restoreToolArgv({ type: this.#target.type, archive, to, told, force: replace });
  }

  async *#archive(placement: Placement, isSent: boolean): AsyncGenerator<Uint8Array> {
    const onRead = (bytes: number) => this.#progress.read(bytes);
    for await (const bytes of this.#snapshot.archive(onRead, this.#reading(placement))) {
      this.#context.signal.throwIfAborted();
      if (isSent) {
        this.#progress.sent(bytes.length);
        this.#archiveBytes += bytes.length;
      }
      yield bytes;
    }
  }

  #reading({ told }: Placement): ArchiveReading {
    const bridges = this.#request.to.map?.bridge ?? new Map();
    const storages = told.kind === 'in-archive' ? told.storages : new Map();
    const memory = this.#memory;
    if (storages.size === 0 && bridges.size === 0) return { memory };
    return { memory, mapConfig: (text) => mapVmConfig(text, { storages, bridges }) };
  }

  async #beforeTouching(placement: Placement, archiveBytes: number | undefined): Promise<void> {
    const { shell, signal } = this.#context;
    const wanted = await this.#check(placement, {
      archiveBytes: archiveBytes ?? this.#snapshot.mostBytes,
      access: this.#brought(placement),
    });
    await this.#context.onTouching?.({ overwrites: this.#before !== undefined });
    if (this.#before !== undefined) this.#wasStopped = await stopTarget(shell, wanted, signal);
    this.#progress.startRestoring();
  }

  /** Whichever way the archive goes. */
  #surelyBrought(): BroughtAccess {
    return {
      found: withoutMountPoints(this.#snapshot.hostAccess),
      allowed: this.#request.allowedAccess,
    };
  }

  #brought({ told }: Placement): BroughtAccess {
    if (told.kind === 'volumes') return this.#surelyBrought();
    return { found: this.#snapshot.hostAccess, allowed: this.#request.allowedAccess };
  }

  /** @throws UserError `restore-target`, with what would reach the node and is not allowed */
  #checkAccess(placement: Placement): void {
    const at = { type: this.#target.type, before: this.#before };
    const judged = judgeBrought(this.#brought(placement), at);
    refuseFaults(hostAccessFaults(judged));
    if (judged.named.length > 0) this.#notes.add(`reaches the node: ${hostAccessText(judged.named)}`);
  }

  async #check(
    placement: Placement,
    { archiveBytes, access }: Pick<WantedOfTarget, 'archiveBytes' | 'access'>,
  ): Promise<WantedOfTarget> {
    const { to, replace } = this.#request;
    const { shell, signal } = this.#context;
    const wanted: WantedOfTarget = {
      target: this.#target,
      replace,
      needs: placement.needs,
      archiveBytes,
      pool: to.pool,
      bridges: this.#neededBridges(),
      access,
    };
    const { before, notes } = await checkTarget(shell, { to, wanted }, signal);
    this.#before = before;
    for (const note of notes) this.#notes.add(note);
    return wanted;
  }

  /** A bridge that is missing matters when the guest is started, or when somebody has named it. */
  #neededBridges(): readonly string[] {
    const { map, start } = this.#request.to;
    const bridges = guestBridges(this.#snapshot.config?.values ?? new Map());
    return bridges.flatMap((bridge) => map?.bridge.get(bridge) ?? (start ? bridge : []));
  }

  async #finish(way: RestoreWay, { told, empty, leftOut }: Placement): Promise<void> {
    const { shell, signal } = this.#context;
    const { map, start } = this.#request.to;
    for (const key of empty) this.#notes.add(`${key} is empty: it was not part of the backup`);
    for (const { reason, line } of leftOut) this.#notes.add(`not restored, a ${reason}: ${line}`);
    await finishRestore({
      target: this.#target,
      snapshot: this.#snapshot.id,
      bridges: (this.#target.type === 'lxc' ? map?.bridge : undefined) ?? new Map(),
      template: way === 'streamed' && told.kind === 'volumes' && told.options.template,
      start,
      remarks: leftOut.map(({ line }) => line),
      shell,
      signal,
    });
  }

  #failure(
    ended: ToolEnded,
    { way, placement }: { readonly way: RestoreWay; readonly placement: Placement },
  ): Promise<UserError> {
    const { shell, host, signal } = this.#context;
    const stagedArchive = way === 'staged' ? this.#stagedPath : undefined;
    return restoreFailure({
      ended,
      argv: this.#argv(stagedArchive ?? '-', placement),
      target: this.#target,
      before: this.#before,
      wasStopped: this.#wasStopped,
      dumpDir: host.dumpDir,
      stagedArchive,
      shell,
      signal,
    });
  }

  #report(way: RestoreWay): RestoreReport {
    const { host } = this.#context;
    return {
      snapshot: this.#snapshot.id,
      guest: formatGuestRef(this.#request.guest),
      vmid: this.#target.vmid,
      archiveBytes: this.#archiveBytes,
      elapsedMs: this.#progress.elapsedMs,
      archiveLeft: way === 'staged' && !host.cleanup ? this.#stagedPath : undefined,
      way,
      notes: [...this.#notes],
    };
  }

  get #stagedPath(): string {
    const { type, vmid } = this.#snapshot.guest;
    return `${this.#context.host.dumpDir}/${stagedArchiveName(type, vmid, this.#snapshot.id)}`;
  }
}

function succeeded({ exit, brokenOff }: ToolEnded): boolean {
  return exit.kind === 'status' && exit.status === 0 && brokenOff === undefined;
}
