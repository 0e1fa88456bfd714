import { type ConfigLine, configLines } from './config-lines.ts';
import { containerAccess, isPrivileged } from './container-host-access.ts';
import type { GuestType } from './guest.ts';
import { dumpedDrives, vmAccess } from './vm-host-access.ts';

/** A line of a guest's configuration by which the guest, or whoever wrote the line, reaches the node. */
export interface HostAccess {
  /** As the configuration has it, without the spaces around it. */
  readonly line: string;
  readonly reason: HostAccessReason;
}

export type HostAccessReason =
  /** Arguments of QEMU, which runs as root. */
  | 'qemu-arguments'
  /** A program that the node runs as root. */
  | 'hook-script'
  /** A device of the node: PCI, USB, a serial or parallel port, a disk, any node below /dev. */
  | 'device'
  /** A file or folder of the node. */
  | 'host-path'
  /** Memory of the node that others may share. */
  | 'shared-memory'
  /** Configuration of LXC itself, which can run programs on the node and take any limit away. */
  | 'raw-lxc'
  /** Features of a container beyond `nesting` of an unprivileged one. */
  | 'features'
  /** Root in the container is root on the node. */
  | 'privileged'
  /** A volume that the backup does not hold: it would be attached as it is on the node, whosever it is. */
  | 'foreign-volume'
  /** A value that Proxmox VE never writes, and might use as a path. */
  | 'bad-value'
  /** A key that this program does not know: it may be of a version that is newer. */
  | 'unknown-key'
  /** The archive does not begin as vzdump makes it, so that nobody can say what its configuration is. */
  | 'no-configuration';

/** A configuration, and where it is: in a backup, or of a guest on a node, whose volumes are its own. */
export interface JudgedConfig {
  readonly type: GuestType;
  readonly text: string;
  readonly from: 'archive' | 'node';
}

/**
 * The lines of a configuration that reach the node, in its order. Of one in an archive all sections count, since the
 * restored guest gets them all; of one on a node what is in force.
 *
 * What Proxmox VE lets only root@pam set, or only who was given the device, is the measure, and what root may set by
 * mistake through an archive as well: `qmrestore` and `pct restore` run as root and take whatever the archive says.
 * The reading is more generous than Proxmox VE's own: what it passes over may be found here, never the other way round.
 */
export function hostAccess({ type, text, from }: JudgedConfig): readonly HostAccess[] {
  const all = configLines(text);
  const lines = from === 'node' ? all.filter(({ section }) => section === 'current') : all;
  if (type === 'qemu') {
    const around = { from, dumped: dumpedDrives(text) };
    return lines.flatMap((line) => found(line, vmAccess(line, around)));
  }
  const around = { from, privileged: isPrivileged(lines) };
  const access = lines.flatMap((line) => found(line, containerAccess(line, around)));
  return around.privileged ? [...access, PRIVILEGED] : access;
}

function found({ text }: ConfigLine, reason: HostAccessReason | undefined): readonly HostAccess[] {
  return reason === undefined ? [] : [{ line: text, reason }];
}

/** Also where no line says so: it is the default. */
const PRIVILEGED: HostAccess = { line: 'unprivileged: 0', reason: 'privileged' };

/** What a restore brings, by what is to be thought of it. */
export interface JudgedAccess {
  /** What the node does not allow this guest already: it comes only when it is allowed. */
  readonly refused: readonly HostAccess[];
  /** What comes without being asked for, and is worth saying. */
  readonly named: readonly HostAccess[];
}

/**
 * Judges what a backup brings. A line that the guest has which is overwritten gives nobody anything new. A privileged
 * container alone is no reason to refuse where the vmid is free, or nobody could restore his own; it is where the one
 * that it overwrites is unprivileged.
 * @param there lines of the guest that is overwritten; undefined when the vmid is free
 */
export function judgeHostAccess(
  brought: readonly HostAccess[],
  there: readonly string[] | undefined,
): JudgedAccess {
  const added = brought.filter(({ line }) => !there?.includes(line));
  const isNamedOnly = ({ reason }: HostAccess) => reason === 'privileged' && there === undefined;
  return { refused: added.filter((one) => !isNamedOnly(one)), named: added.filter(isNamedOnly) };
}
