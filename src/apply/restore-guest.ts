import { guestCommand, guestSetCommand, pctRestoreCommand, qmrestoreCommand } from '../pve/commands.ts';
import { formatGuestRef, type GuestRef, type Vmid } from '../pve/guest.ts';
import { parseGuestConfig } from '../pve/guest-config.ts';
import type { RepositorySession } from '../repository/repository.ts';
import { type Captured, capture } from '../transport/capture.ts';
import type { Shell } from '../transport/shell.ts';
import { UserError } from '../user-error.ts';
import type { Progress, RestoreReport } from './apply-event.ts';
import type { ApplyHost } from './apply-host.ts';
import { stagedArchiveName } from './archive-name.ts';
import { lookUpVmid } from './look-up-guest.ts';
import { type OpenSnapshot, openSnapshot } from './open-snapshot.ts';

export interface RestoreRequest {
  /** 64 hex digits. */
  readonly snapshot: string;
  /** The guest that the snapshot holds. */
  readonly guest: GuestRef;
  readonly to: {
    readonly vmid: Vmid;
    readonly storage?: string;
    readonly pool?: string;
    readonly unique: boolean;
    readonly start: boolean;
  };
  /** Whether a guest that has the vmid may be stopped and overwritten. Otherwise the vmid must be free. */
  readonly replace: boolean;
}

export interface RestoreContext {
  readonly session: RepositorySession;
  readonly host: ApplyHost;
  readonly shell: Shell;
  readonly clock: () => number;
  readonly onProgress: (progress: Progress) => void;
  readonly signal: AbortSignal;
}

const RESTORE_TIMEOUT_MS = 24 * 60 * 60_000;
const SHORT_TIMEOUT_MS = 120_000;

/**
 * Restores a guest: writes the archive into the host's dump folder, which reads and proves every blob, and only then
 * touches the target: stops it where it is to be replaced, and lets qmrestore or pct restore read the archive.
 * @throws UserError; after the target was touched, its message says what state it is in and what to do
 */
export async function restoreGuest(request: RestoreRequest, context: RestoreContext): Promise<RestoreReport> {
  const begun = context.clock();
  const snapshot = await openSnapshot(context.session, request.snapshot, request.guest);
  const target: GuestRef = { type: request.guest.type, vmid: request.to.vmid };
  const exists = await checkTarget(target, request, context);
  const staged = await stageArchive(snapshot, context, begun);
  try {
    context.onProgress({ ...staged.progress, phase: 'restoring', elapsedMs: context.clock() - begun });
    if (exists) await stopTarget(target, context);
    await runRestore(snapshot, { request, target, exists, path: staged.path }, context);
    await markRestored(target, snapshot, context);
    if (request.to.start)
      await run(
        guestCommand(target, 'start'),
        context,
        `the guest was restored, but starting ${formatGuestRef(target)} failed`,
      );
  } finally {
    if (context.host.cleanup) await remove(staged.path, context);
  }
  return {
    snapshot: snapshot.id,
    guest: formatGuestRef(request.guest),
    vmid: request.to.vmid,
    archiveBytes: staged.bytes,
    elapsedMs: context.clock() - begun,
    archiveLeft: context.host.cleanup ? undefined : staged.path,
  };
}

/** @returns whether a guest with the vmid is there, and will be replaced */
async function checkTarget(
  target: GuestRef,
  { replace }: RestoreRequest,
  { shell, signal }: RestoreContext,
): Promise<boolean> {
  const found = await lookUpVmid(shell, target.vmid, signal);
  if (found === undefined) return false;
  const name = formatGuestRef(target);
  if (found.type !== target.type)
    throw targetError(
      `the vmid ${target.vmid} is used by ${found.type}/${target.vmid} on node ${found.node}`,
      'choose another vmid',
    );
  if (!replace)
    throw targetError(
      `${name} exists already on node ${found.node}`,
      'choose a free vmid, or allow it to be overwritten',
    );
  const local = await capture(shell, guestCommand(target, 'config'), { signal, timeoutMs: SHORT_TIMEOUT_MS });
  if (!succeeded(local))
    throw targetError(
      `${name} is on node ${found.node}, which is not the one that this host entry leads to`,
      'restore through that node',
    );
  return true;
}

interface Staged {
  readonly path: string;
  readonly bytes: number;
  readonly progress: Progress;
}

/** Writes the archive under a name that is not complete, and renames it once its size was checked. */
async function stageArchive(snapshot: OpenSnapshot, context: RestoreContext, begun: number): Promise<Staged> {
  const { shell, host, signal } = context;
  const path = `${host.dumpDir}/${stagedArchiveName(snapshot.guest.type, snapshot.guest.vmid, snapshot.id)}`;
  const part = `${path}.part`;
  let progress: Progress = {
    phase: 'uploading',
    doneBytes: 0,
    totalBytes: snapshot.size,
    streamBytes: 0,
    newBytes: undefined,
    elapsedMs: 0,
  };
  try {
    const command = await shell.run(['sh', '-c', 'umask 077; exec cat > "$1"', 'sh', part], { signal });
    const lastWords = collect(command.stderr);
    void drain(command.stdout);
    const onRead = (bytes: number) => {
      progress = { ...progress, doneBytes: progress.doneBytes + bytes, elapsedMs: context.clock() - begun };
    };
    let failure: unknown;
    try {
      for await (const bytes of snapshot.archive(onRead)) {
        signal.throwIfAborted();
        progress = { ...progress, streamBytes: progress.streamBytes + bytes.length };
        await command.stdin.write(bytes);
        context.onProgress(progress);
      }
    } catch (error) {
      failure = error;
    }
    await command.stdin.end().catch(() => undefined);
    const exit = await command.exit;
    signal.throwIfAborted();
    const words = await lastWords;
    if (exit.kind === 'lost')
      throw new UserError(
        'host-unreachable',
        `the connection to ${shell.where} was lost while writing ${path}: ${exit.reason}`,
      );
    if (exit.kind !== 'status' || exit.status !== 0)
      throw targetError(
        `cannot write ${path} on ${shell.where}: ${words.trim() || 'cat failed'}`,
        'is `dump_dir` there, and is there room? nothing on the target was changed',
      );
    if (failure !== undefined) throw failure;
    await checkSize(part, progress.streamBytes, context);
    await run(['mv', '-f', '--', part, path], context, `cannot rename ${part}`);
    return { path, bytes: progress.streamBytes, progress };
  } catch (error) {
    await remove(part, context);
    throw error;
  }
}

async function checkSize(path: string, bytes: number, context: RestoreContext): Promise<void> {
  const { stdout } = await run(['stat', '-c', '%s', '--', path], context, `cannot look at ${path}`);
  const size = Number(Buffer.from(stdout).toString('utf8').trim());
  if (size !== bytes)
    throw targetError(
      `${path} has ${size} bytes on the node, and ${bytes} were sent`,
      'nothing on the target was changed; is there room on the node?',
    );
}

/** `pct stop` fails for a container that does not run; `qm stop` does not. */
async function stopTarget(target: GuestRef, context: RestoreContext): Promise<void> {
  const status = await run(
    guestCommand(target, 'status'),
    context,
    `cannot ask for the status of ${formatGuestRef(target)}`,
  );
  if (/^status: stopped/m.test(Buffer.from(status.stdout).toString('utf8'))) return;
  await run(
    guestCommand(target, 'stop'),
    context,
    `cannot stop ${formatGuestRef(target)}; nothing was overwritten`,
  );
}

async function runRestore(
  snapshot: OpenSnapshot,
  {
    request,
    target,
    exists,
    path,
  }: {
    readonly request: RestoreRequest;
    readonly target: GuestRef;
    readonly exists: boolean;
    readonly path: string;
  },
  context: RestoreContext,
): Promise<void> {
  const { storage, pool, unique, vmid } = request.to;
  const common = {
    vmid,
    archive: path,
    ...(exists && { force: true }),
    ...(unique && { unique: true }),
    ...(pool !== undefined && { pool }),
  };
  const place = storage ?? (target.type === 'lxc' ? snapshot.config?.rootfs?.storage : undefined);
  const options = { ...common, ...(place !== undefined && { storage: place }) };
  const command = target.type === 'qemu' ? qmrestoreCommand(options) : pctRestoreCommand(options);
  const done = await capture(context.shell, command, {
    signal: context.signal,
    timeoutMs: RESTORE_TIMEOUT_MS,
    limitBytes: 1 << 26,
  });
  if (succeeded(done)) return;
  const kept = context.host.cleanup ? '' : `; the archive is at ${path}`;
  throw targetError(
    `${command[0] === 'pct' ? 'pct restore' : 'qmrestore'} failed on ${context.shell.where}: ${lastLine(done)}`,
    `${stateAfterFailure(target, exists)}${kept}`,
  );
}

/** qmrestore leaves a stub of a VM behind, pct restore nothing; both remove what they replace before they have read it all. */
function stateAfterFailure(target: GuestRef, existed: boolean): string {
  const name = formatGuestRef(target);
  const look = `look with \`${guestCommand(target, 'config').join(' ')}\``;
  if (existed)
    return `${name} was being overwritten and may hold neither its old nor its new state: ${look}, then restore again with replacing allowed`;
  if (target.type === 'qemu')
    return `nothing that was there before was touched; a stub of ${name} may be left: ${look}, \`${guestCommand(target, 'destroy').join(' ')}\` removes it`;
  return `nothing that was there before was touched`;
}

/** Adds a line to the description, which names the snapshot. Its failure is no failure of the restore. */
async function markRestored(
  target: GuestRef,
  snapshot: OpenSnapshot,
  context: RestoreContext,
): Promise<void> {
  const file = `/etc/pve/${target.type === 'qemu' ? 'qemu-server' : 'lxc'}/${target.vmid}.conf`;
  try {
    const { stdout } = await capture(context.shell, ['cat', '--', file], { timeoutMs: SHORT_TIMEOUT_MS });
    const { description } = parseGuestConfig(target.type, Buffer.from(stdout).toString('utf8'));
    const kept = description
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('pvebak: restored from '));
    const text = [...kept, `pvebak: restored from ${snapshot.id}`].join('\n');
    await capture(context.shell, guestSetCommand(target, { description: text }), {
      timeoutMs: SHORT_TIMEOUT_MS,
    });
  } catch {
    // A guest without the line is restored all the same.
  }
}

async function run(
  argv: readonly string[],
  { shell, signal }: RestoreContext,
  what: string,
): Promise<Captured> {
  const done = await capture(shell, argv, { signal, timeoutMs: SHORT_TIMEOUT_MS });
  if (!succeeded(done))
    throw targetError(
      `${what}: ${lastLine(done)}`,
      `it was: ${argv.slice(0, 4).join(' ')} on ${shell.where}`,
    );
  return done;
}

async function remove(path: string, { shell }: RestoreContext): Promise<void> {
  await capture(shell, ['rm', '-f', '--', path], { timeoutMs: SHORT_TIMEOUT_MS }).catch(() => undefined);
}

function succeeded({ exit }: Captured): boolean {
  return exit.kind === 'status' && exit.status === 0;
}

function lastLine({ stderr, stdout, exit }: Captured): string {
  const lines = (stderr.trim() || Buffer.from(stdout).toString('utf8').trim()).split('\n');
  return lines.at(-1) || (exit.kind === 'status' ? `status ${exit.status}` : `signal ${exit.signal}`);
}

function targetError(message: string, hint: string): UserError {
  return new UserError('restore-target', message, { hint });
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<string> {
  let text = '';
  try {
    for await (const bytes of stream) if (text.length < 65536) text += Buffer.from(bytes).toString('utf8');
  } catch {
    return text;
  }
  return text;
}

async function drain(stream: AsyncIterable<Uint8Array>): Promise<void> {
  await collect(stream);
}
