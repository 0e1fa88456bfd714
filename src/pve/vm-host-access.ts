import type { ConfigLine } from './config-lines.ts';
import { isHarmlessKey } from './harmless-keys.ts';
import type { HostAccessReason, JudgedConfig } from './host-access.ts';
import { parsePropertyString, parsePveBoolean } from './property-string.ts';

export interface AroundVmLine {
  readonly from: JudgedConfig['from'];
  /** Drives that the archive holds. */
  readonly dumped: ReadonlySet<string>;
}

/** Why a line of a VM's configuration reaches the node; undefined when it does not. */
export function vmAccess(line: ConfigLine, around: AroundVmLine): HostAccessReason | undefined {
  const { key, value } = line;
  if (isHarmlessKey('qemu', key)) return undefined;
  if (/^(?:(?:ide|sata|scsi|virtio|efidisk|tpmstate)\d+|cdrom)$/.test(key)) return driveAccess(line, around);
  switch (key.replace(/\d{1,3}$/, '')) {
    case 'args':
      return 'qemu-arguments';
    case 'hookscript':
      return 'hook-script';
    // A mapped device, which others than root may use when they are allowed to, is one of the node as well.
    case 'hostpci':
    case 'parallel':
      return 'device';
    case 'usb':
      return isSpice(value) ? undefined : 'device';
    case 'serial':
      return value === 'socket' ? undefined : 'device';
    case 'rng':
      return isRandomSource(value) ? undefined : 'device';
    // cicustom: the guest reads a snippet of the node.
    case 'virtiofs':
    case 'cicustom':
      return 'host-path';
    case 'ivshmem':
      return 'shared-memory';
    case 'vmstate':
      return around.from === 'archive' ? 'foreign-volume' : undefined;
    default:
      return 'unknown-key';
  }
}

function isSpice(value: string): boolean {
  const { unkeyed, values } = parsePropertyString(value);
  return /^spice$/i.test(values.get('host') ?? unkeyed ?? '') && !values.has('mapping');
}

/** The node's own randomness; nothing else can be named there. */
function isRandomSource(value: string): boolean {
  const { unkeyed, values } = parsePropertyString(value);
  return ['/dev/urandom', '/dev/random', '/dev/hwrng'].includes(values.get('source') ?? unkeyed ?? '');
}

/**
 * qmrestore puts a volume of its own into the line of each drive that the archive holds, and of a cloud-init drive, and makes
 * a comment of one with `backup=0`. It leaves every other line as it is (qemu-server PVE/QemuServer.pm,
 * restore_update_config_line), as it does where the value has a space in it.
 */
function driveAccess(line: ConfigLine, { from, dumped }: AroundVmLine): HostAccessReason | undefined {
  const { unkeyed, values } = parsePropertyString(line.value);
  const file = values.get('file') ?? unkeyed ?? '';
  const isRewritten = from === 'archive' && line.isExact && line.key !== 'cdrom' && !/\s/.test(line.value);
  if (isRewritten && (dumped.has(line.key) || isCloudInit(line.key, file))) return undefined;
  if (isRewritten && parsePveBoolean(values.get('backup')) === false) return undefined;
  if (file.startsWith('/')) return file.startsWith('/dev/') ? 'device' : 'host-path';
  if (from === 'node' || file === 'none' || file === 'cdrom') return undefined;
  return values.get('media') === 'cdrom' && ISO_IMAGE.test(file) ? undefined : 'foreign-volume';
}

const ISO_IMAGE = /^[A-Za-z][\w.-]*:iso\/[^/]+$/;

/** The drives that an archive holds, `#qmdump#map:DRIVE:DEVICE:STORAGE:FORMAT:`, as qmrestore reads these lines. */
export function dumpedDrives(text: string): ReadonlySet<string> {
  const drives = text.split('\n').flatMap((line) => {
    const [mark, drive = '', device, , , end, ...more] = line.split(':');
    const isWhole = mark === '#qmdump#map' && device !== '' && end === '' && more.length === 0;
    return isWhole && !/\s/.test(line) ? [drive] : [];
  });
  return new Set(drives);
}

function isCloudInit(drive: string, file: string): boolean {
  return (
    /^(?:ide|sata|scsi)\d+$/.test(drive) &&
    /[:/](?:vm-\d+-)?cloudinit(?:\.(?:raw|qcow|qcow2|qed|vmdk|cloop))?$/.test(file)
  );
}
