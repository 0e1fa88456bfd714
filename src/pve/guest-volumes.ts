import type { GuestType } from './guest.ts';
import type { GuestVolume } from './inventory.ts';
import { type PropertyString, parsePropertyString, parsePveBoolean } from './property-string.ts';
import { parseConfigSize } from './size.ts';
import { volumeStorage } from './target-storage.ts';

const vmDrive = /^(?:(?:ide|sata|scsi|virtio)\d{1,2}|efidisk0|tpmstate0)$/;
const mountPoint = /^(?:rootfs|mp\d{1,3})$/;
const unused = /^unused\d{1,3}$/;

/**
 * The disks or mount points that a guest's configuration names, and why a dump leaves some out: of a VM those with
 * `backup=0` and CD-ROMs (cloud-init drives are such), of a container everything but `rootfs` that does not say
 * `backup=1`, and never what is bound from the host.
 */
export function guestVolumes(type: GuestType, values: ReadonlyMap<string, string>): GuestVolume[] {
  const pattern = type === 'qemu' ? vmDrive : mountPoint;
  return [...values]
    .filter(([key]) => pattern.test(key))
    .map(([key, text]) => volumeOf(type, key, parsePropertyString(text)));
}

/**
 * What the guest owns and no longer uses, `unused0: local-lvm:vm-101-disk-3`. No dump reads it, and a VM's archive does
 * not even name it (qemu-server PVE/VZDump/QemuServer.pm).
 */
export function unusedVolumes(values: ReadonlyMap<string, string>): GuestVolume[] {
  return [...values]
    .filter(([key]) => unused.test(key))
    .map(([key, text]) => {
      const storage = volumeStorage(text);
      return { key, ...(storage === undefined ? {} : { storage }), leftOut: 'not attached' };
    });
}

function volumeOf(type: GuestType, key: string, properties: PropertyString): GuestVolume {
  const size = parseConfigSize(properties.values.get('size') ?? '');
  const leftOut = type === 'qemu' ? driveLeftOut(properties) : mountPointLeftOut(key, properties);
  const storage = volumeStorage(
    properties.values.get(type === 'qemu' ? 'file' : 'volume') ?? properties.unkeyed ?? '',
  );
  return {
    key,
    // A size of 0 is a folder without a limit.
    ...(size ? { bytes: size } : {}),
    ...(storage === undefined ? {} : { storage }),
    ...(leftOut === undefined ? {} : { leftOut }),
  };
}

function driveLeftOut({ unkeyed, values }: PropertyString): GuestVolume['leftOut'] {
  const file = values.get('file') ?? unkeyed;
  if (values.get('media') === 'cdrom' || file === 'none' || file === 'cdrom') return 'cdrom';
  return parsePveBoolean(values.get('backup')) === false ? 'backup=0' : undefined;
}

function mountPointLeftOut(key: string, { unkeyed, values }: PropertyString): GuestVolume['leftOut'] {
  if (key === 'rootfs') return undefined;
  const volume = values.get('volume') ?? unkeyed ?? '';
  if (volume.startsWith('/dev/')) return 'device';
  if (volume.startsWith('/')) return 'bind mount';
  return parsePveBoolean(values.get('backup')) === true ? undefined : 'no backup=1';
}
