import type { HostAccess, HostAccessReason } from './host-access.ts';

/** `args: -x (arguments of QEMU, which runs as root); ...`; what is very long is cut, and says so. */
export function hostAccessText(access: readonly HostAccess[]): string {
  return access.map(({ line, reason }) => `${shortened(line)} (${REASONS[reason]})`).join('; ');
}

const MOST_CHARACTERS = 200;

function shortened(line: string): string {
  if (line.length <= MOST_CHARACTERS) return line;
  return `${line.slice(0, MOST_CHARACTERS)}... of ${line.length} characters`;
}

const REASONS: Readonly<Record<HostAccessReason, string>> = {
  'qemu-arguments': 'arguments of QEMU, which runs as root',
  'hook-script': 'a program that the node runs as root',
  device: 'a device of the node',
  'host-path': 'a file or folder of the node',
  'shared-memory': 'memory of the node that others may share',
  'raw-lxc': 'configuration of LXC itself',
  features: 'features that lower the wall around a container',
  privileged: 'root in the container is root on the node',
  'foreign-volume': 'a volume that the backup does not hold, attached as it is on the node',
  'bad-value': 'no value that Proxmox VE would write, and it may be used as a path',
  'unknown-key': 'not known to this version of pvebak',
  'no-configuration': 'so nobody can say what pct would make of it',
};
