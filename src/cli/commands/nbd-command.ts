import { mkdtemp, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type NbdEvent, serveSocket } from '../../nbd/serve-socket.ts';
import { openSnapshotDisk, type SnapshotDisk } from '../../nbd/snapshot-disk.ts';
import type { GuestSnapshot } from '../../plan/facts.ts';
import { toGuestSnapshot } from '../../plan/guest-snapshot.ts';
import { formatGuestRef } from '../../pve/guest.ts';
import type { RepositorySession } from '../../repository/repository.ts';
import type { Snapshot } from '../../repository/snapshot-file.ts';
import { shellLine } from '../../transport/shell-line.ts';
import { UserError } from '../../user-error.ts';
import { type SnapshotChoice, withSnapshot } from '../browse-session.ts';
import { EXIT_STATUS } from '../exit-status.ts';
import type { Surroundings } from '../surroundings.ts';
import { datedMoment } from '../view/dated-moment.ts';
import { errorText } from '../view/error-text.ts';
import { count, formatBytes } from '../view/quantities.ts';
import { terminalSafe } from '../view/terminal-safe.ts';

export interface NbdCommandOptions extends SnapshotChoice {
  /** `scsi0` or `drive-scsi0` */
  readonly disk: string;
  /** Path of the socket. */
  readonly socket: string | undefined;
  readonly once: boolean;
}

/**
 * Serves a disk of a snapshot until it is interrupted, which is how it is meant to end, or `--once` nobody reads it any more.
 * @returns 130 when an interrupt took the disk away from a client, 7 when something could not be read, else 0
 */
export async function nbdCommand(options: NbdCommandOptions, surroundings: Surroundings): Promise<number> {
  const { signal } = surroundings;
  return withSnapshot(options, surroundings, async (session, chosen) => {
    const snapshot = guestSnapshot(chosen.snapshot);
    const disk = await openGuestDisk(session, snapshot, options.disk);
    await using place = await socketPlace(options.socket, surroundings.temporaryFolder);
    const view = new NbdView(surroundings, { disk, snapshot, socket: place.socket });
    const left = await serveSocket({
      facts: { name: disk.name, description: descriptionOf(snapshot, surroundings), size: disk.reader.size },
      disk: disk.reader,
      socket: place.socket,
      once: options.once,
      onEvent: (event) => view.show(event),
      signal: session.signal,
    });
    if (!signal.aborted) session.signal.throwIfAborted();
    if (view.failures > 0) return EXIT_STATUS.integrity;
    return left > 0 ? EXIT_STATUS.interrupted : EXIT_STATUS.done;
  });
}

function guestSnapshot(snapshot: Snapshot): GuestSnapshot {
  const guests = toGuestSnapshot(snapshot);
  if (guests !== undefined) return guests;
  throw new UserError('usage', `the snapshot ${snapshot.id.slice(0, 8)} is not of a guest`, {
    hint: '`pvebak snapshots` lists them',
  });
}

async function openGuestDisk(
  session: RepositorySession,
  { id, guest }: GuestSnapshot,
  disk: string,
): Promise<SnapshotDisk> {
  if (guest.type === 'lxc')
    throw new UserError('usage', `${formatGuestRef(guest)} is a container: it has files, and no disks`, {
      hint: `pvebak ls ${id.slice(0, 8)} rootfs`,
    });
  const { tree } = await session.readSnapshot(id);
  return openSnapshotDisk(session.reader, { tree, folder: `/${formatGuestRef(guest)}`, disk });
}

/** Where the socket is made, in a folder of mode 0700 that is removed at the end, unless a path was given. */
async function socketPlace(
  asked: string | undefined,
  temporaryFolder: string,
): Promise<AsyncDisposable & { readonly socket: string }> {
  if (asked !== undefined) return { socket: resolve(asked), [Symbol.asyncDispose]: async () => undefined };
  const base = temporaryFolder.length > LONGEST_BASE ? '/tmp' : temporaryFolder;
  const folder = await mkdtemp(join(resolve(base), 'pvebak-nbd-'));
  return {
    socket: join(folder, 'socket'),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** The path of a socket has 107 bytes at most. */
const LONGEST_BASE = 80;

function descriptionOf({ guest, time, id }: GuestSnapshot, { timeZone }: Surroundings): string {
  return `${formatGuestRef(guest)} of ${datedMoment(time, timeZone)}, snapshot ${id.slice(0, 8)}`;
}

/** Standard output says where the disk is and who reads it, standard error what can't be read, each thing once. */
class NbdView {
  readonly #surroundings: Surroundings;
  readonly #served: Served;
  readonly #said = new Set<string>();

  constructor(surroundings: Surroundings, served: Served) {
    this.#surroundings = surroundings;
    this.#served = served;
  }

  get failures(): number {
    return this.#said.size;
  }

  show(event: NbdEvent): void {
    const { stdout, stderr } = this.#surroundings;
    switch (event.kind) {
      case 'listening':
        stdout.write(this.#instructions());
        return;
      case 'client-came':
      case 'client-left':
        stdout.write(`${count(event.clients, 'client')} connected\n`);
        return;
      case 'read-failed': {
        const text = errorText(event.error);
        if (!this.#said.has(text)) stderr.write(text);
        this.#said.add(text);
      }
    }
  }

  #instructions(): string {
    const { disk, snapshot, socket } = this.#served;
    const title = `${disk.name} of ${descriptionOf(snapshot, this.#surroundings)}: ${formatBytes(disk.reader.size)}, read-only`;
    return `${terminalSafe(title)}\nsocket: ${terminalSafe(socket)}\n\n${linesFor(socket, disk.name)}\n`;
  }
}

interface Served {
  readonly disk: SnapshotDisk;
  readonly snapshot: GuestSnapshot;
  readonly socket: string;
}

/**
 * `norecovery`: the disk was in use when it was dumped, and its journal can't be replayed on a device that can't be written
 * to (ext4(5), xfs(5)).
 */
function linesFor(socket: string, name: string): string {
  const uri = `nbd+unix:///?socket=${encodeURIComponent(socket).replaceAll('%2F', '/')}`;
  const sections: readonly (readonly [string, ...(readonly string[])[]])[] = [
    [
      'As root, in another terminal:',
      ['modprobe', 'nbd'],
      ['qemu-nbd', '--connect=/dev/nbd0', '--read-only', '--format=raw', uri],
    ],
    [
      'or, where there is no qemu-nbd:',
      ['nbd-client', '-unix', socket, '-name', name, '-readonly', '/dev/nbd0'],
    ],
    [
      'then (for FAT and NTFS without norecovery):',
      ['lsblk', '--fs', '/dev/nbd0'],
      ['mount', '-o', 'ro,norecovery', '/dev/nbd0p1', '/mnt'],
    ],
    [
      'and at the end (nbd-client -d does the same):',
      ['umount', '/mnt'],
      ['qemu-nbd', '--disconnect', '/dev/nbd0'],
    ],
    ['A copy, without being root:', ['qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', uri, 'disk.qcow2']],
  ];
  const texts = sections.map(([title, ...argvs]) =>
    [title, ...argvs.map((argv) => `  ${shellLine(argv)}`)].join('\n'),
  );
  return `${texts.join('\n')}\nCtrl-C here ends it; unmount before.\n`;
}
