import { type PctRestoreRequest, pctRestoreCommand } from '../pve/commands.ts';
import type { Vmid } from '../pve/guest.ts';
import type { GuestConfig } from '../pve/guest-config.ts';
import { parsePropertyString } from '../pve/property-string.ts';
import { parseConfigSize } from '../pve/size.ts';
import type { RecoveryRemark } from './recovery-kit.ts';

export interface ContainerRecovery {
  readonly argv: readonly string[];
  readonly remarks: readonly RecoveryRemark[];
}

/**
 * `pct restore` from a pipe. It learns neither storage nor sizes, mount points nor `unprivileged` from the archive, so all of
 * them are on the command line (recorded with the 8.4 and 9.2 tools). Values come from the snapshot and are not to be trusted.
 * @param archiveBytes of the tar: where a size is not known, it must hold that
 */
export function containerRecovery(vmid: Vmid, config: GuestConfig, archiveBytes: number): ContainerRecovery {
  const guess = guessGib(archiveBytes);
  const volume = (key: string) => newVolume(key, config.values.get(key) ?? '', guess);
  const dumped = config.volumes.filter(({ key, leftOut }) => key !== 'rootfs' && leftOut === undefined);
  const rootfs = volume('rootfs');
  const points = dumped.map(({ key }) => ({ key, ...volume(key) }));
  const request: PctRestoreRequest = {
    vmid,
    archive: '-',
    rootfs: rootfs.value,
    mountPoints: points.map(({ key, value }) => ({ key, value })),
    unprivileged: config.unprivileged,
  };
  return {
    argv: pctRestoreCommand(request),
    remarks: [...rootfs.remarks, ...points.flatMap(({ remarks }) => remarks), ...leftOut(config)],
  };
}

interface NewVolume {
  /** `local-lvm:8,mp=/srv,backup=1` */
  readonly value: string;
  readonly remarks: readonly RecoveryRemark[];
}

function newVolume(key: string, text: string, guess: number): NewVolume {
  const { unkeyed, values } = parsePropertyString(text);
  const [, storage] = /^([A-Za-z][\w.-]*):/.exec(values.get('volume') ?? unkeyed ?? '') ?? [];
  const bytes = parseConfigSize(values.get('size') ?? '');
  const gib = bytes === undefined ? guess : toGib(bytes);
  const options = [...values].filter(([name]) => name !== 'volume' && name !== 'size');
  return {
    value: [`${storage ?? 'local'}:${gib}`, ...options.map(([name, value]) => `${name}=${value}`)].join(','),
    remarks: [
      ...(storage === undefined ? [{ kind: 'storage-guessed', key, storage: 'local' } as const] : []),
      ...(bytes === undefined ? [{ kind: 'size-guessed', key, gib } as const] : []),
    ],
  };
}

/** A size of 0 is a folder without a limit; smaller than a GiB it has decimals, rounded up. */
function toGib(bytes: number): number {
  return Math.ceil((bytes / 2 ** 30) * 1000) / 1000;
}

/** A quarter more than the archive, and what a small system needs to run. */
function guessGib(archiveBytes: number): number {
  return Math.max(8, Math.ceil((archiveBytes * 1.25) / 2 ** 30));
}

function leftOut(config: GuestConfig): readonly RecoveryRemark[] {
  return config.volumes.flatMap(({ key, leftOut: why }): readonly RecoveryRemark[] => {
    if (why === undefined) return [];
    const value = config.values.get(key) ?? '';
    return [{ kind: 'left-out', key, path: parsePropertyString(value).values.get('mp') ?? '', why, value }];
  });
}
