import type { GuestConfig } from './guest-config.ts';
import { type PropertyString, parsePropertyString, parsePveBoolean } from './property-string.ts';
import { parseConfigSize } from './size.ts';
import { type StorageChoice, targetStorage, volumeStorage } from './target-storage.ts';

/** What `pct restore ID -` has to be told, since it learns nothing of it from the archive that it reads. */
export interface ContainerRestoreOptions {
  /** `STORAGE:GIB`, or `STORAGE:0` for a folder without a limit, and the options that go with it. */
  readonly rootfs: string;
  readonly mountPoints: readonly { readonly key: string; readonly value: string }[];
  readonly unprivileged: boolean;
  /** Whether `pct template` must follow. */
  readonly template: boolean;
  /** Mount points that come back empty, because the dump does not hold them. */
  readonly empty: readonly string[];
  /** What belongs to the old node and is not made here. */
  readonly leftOut: readonly LeftOutMountPoint[];
  /** What the configuration does not say and pct must be told; absent when it says all. */
  readonly guesses?: readonly VolumeGuess[];
}

export type VolumeGuess =
  | { readonly kind: 'storage'; readonly key: string; readonly storage: string }
  | { readonly kind: 'size'; readonly key: string; readonly gib: number };

export interface ContainerRestoreChoice extends StorageChoice {
  /** Length of the tar. A volume whose size is not known must hold that; without it, it becomes a folder without a limit. */
  readonly archiveBytes?: number;
}

export interface LeftOutMountPoint {
  /** `mp2` */
  readonly key: string;
  readonly reason: 'bind mount' | 'device';
  /** The line of the configuration, to be added by hand where the path exists: `mp2: /srv,mp=/srv`. */
  readonly line: string;
}

/** pct's own default. */
const DEFAULT_STORAGE = 'local';
const MIB = 1024 ** 2;

/**
 * Reads the options of a streamed restore out of the container's configuration. Values are passed on as written: they
 * come from an archive, and pct checks them.
 * Source: recordings of pct restore (`--rootfs` is needed, `unprivileged`, mount points and template are lost), and
 * pve-container PVE/LXC.pm (sizes are GiB with decimals, cut to whole MiB).
 */
export function containerRestoreOptions(
  config: GuestConfig,
  choice: ContainerRestoreChoice,
): ContainerRestoreOptions {
  const mountPoints = mountPointsOf(config);
  const volumes = mountPoints.filter(({ reason }) => reason === undefined);
  const made = volumes.map(({ key, properties }) => ({ key, ...newVolume(key, properties, choice) }));
  const rootfs = newVolume('rootfs', parsePropertyString(config.values.get('rootfs') ?? ''), choice);
  const guesses = [rootfs, ...made].flatMap((volume) => volume.guesses);
  return {
    rootfs: rootfs.value,
    mountPoints: made.map(({ key, value }) => ({ key, value })),
    unprivileged: config.unprivileged,
    template: config.template,
    empty: volumes.filter(({ properties }) => !isInDump(properties)).map(({ key }) => key),
    leftOut: mountPoints.flatMap(({ key, text, reason }) =>
      reason === undefined ? [] : [{ key, reason, line: `${key}: ${text}` }],
    ),
    ...(guesses.length > 0 && { guesses }),
  };
}

interface MountPoint {
  readonly key: string;
  readonly text: string;
  readonly properties: PropertyString;
  /** Why it cannot be made; undefined for a volume. */
  readonly reason: LeftOutMountPoint['reason'] | undefined;
}

/** In the order of their numbers. */
function mountPointsOf({ values }: GuestConfig): readonly MountPoint[] {
  return [...values]
    .filter(([key]) => /^mp\d{1,3}$/.test(key))
    .toSorted(([a], [b]) => Number(a.slice(2)) - Number(b.slice(2)))
    .map(([key, text]) => {
      const properties = parsePropertyString(text);
      return { key, text, properties, reason: hostPath(volumeOf(properties)) };
    });
}

function hostPath(volume: string): LeftOutMountPoint['reason'] | undefined {
  if (volume.startsWith('/dev/')) return 'device';
  return volume.startsWith('/') ? 'bind mount' : undefined;
}

interface NewVolume {
  /** `local-lvm:8,mp=/srv,backup=1` */
  readonly value: string;
  readonly guesses: readonly VolumeGuess[];
}

function newVolume(key: string, properties: PropertyString, choice: ContainerRestoreChoice): NewVolume {
  const named = targetStorage(volumeStorage(volumeOf(properties)), choice);
  const storage = named ?? DEFAULT_STORAGE;
  const bytes = parseConfigSize(properties.values.get('size') ?? '');
  const gib = bytes === undefined ? guessGib(choice.archiveBytes) : toGib(bytes);
  const options = [...properties.values].filter(([name]) => name !== 'volume' && name !== 'size');
  return {
    value: [`${storage}:${gib}`, ...options.map(([name, value]) => `${name}=${value}`)].join(','),
    guesses: [
      ...(named === undefined ? [{ kind: 'storage', key, storage } as const] : []),
      ...(bytes === undefined ? [{ kind: 'size', key, gib } as const] : []),
    ],
  };
}

/** A size of 0 is a folder without a limit. Rounded up so that no whole MiB gets lost behind the third decimal. */
function toGib(bytes: number): number {
  return Math.ceil((Math.ceil(bytes / MIB) / 1024) * 1000) / 1000;
}

/** A quarter more than the archive, and what a small system needs to run. */
function guessGib(archiveBytes: number | undefined): number {
  return archiveBytes === undefined ? 0 : Math.max(8, Math.ceil((archiveBytes * 1.25) / MIB / 1024));
}

function volumeOf({ unkeyed, values }: PropertyString): string {
  return values.get('volume') ?? unkeyed ?? '';
}

function isInDump({ values }: PropertyString): boolean {
  return parsePveBoolean(values.get('backup')) === true;
}
