/** The root file system and the mount points of a container, as its configuration lists them. */
import type { GuestConfig } from './guest-config.ts';

export interface MountPoint {
  /** `rootfs` or `mp0` */
  readonly key: string;
  /** The volume id, or a path of the node for a bind mount. */
  readonly volume: string;
  /** Where the container sees it. */
  readonly path: string;
  readonly isVolume: boolean;
  readonly inBackup: boolean;
  /** The options after the volume, without path and size. */
  readonly options: readonly string[];
}

export function mountPointsOf(config: GuestConfig): readonly MountPoint[] {
  const keys = [...config.values.keys()].filter((key) => key === 'rootfs' || /^mp\d+$/.test(key));
  return keys
    .sort((a, b) => order(a) - order(b))
    .map((key) => parseMountPoint(key, config.values.get(key) ?? ''));
}

export function parseMountPoint(key: string, value: string): MountPoint {
  const [first = '', ...options] = value.split(',');
  const volume = first.replace(/^volume=/, '');
  const path = options.find((option) => option.startsWith('mp='))?.slice('mp='.length) ?? '/';
  const isVolume = !volume.startsWith('/');
  const inBackup = key === 'rootfs' || (isVolume && options.includes('backup=1'));
  return {
    key,
    volume,
    path,
    isVolume,
    inBackup,
    options: options.filter((option) => !/^(?:mp|size)=/.test(option)),
  };
}

function order(key: string): number {
  return key === 'rootfs' ? -1 : Number(key.slice(2));
}
