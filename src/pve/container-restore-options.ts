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
const GIB = 1024 ** 3;

/**
 * Reads the options of a streamed restore out of the container's configuration. Sizes are rounded up to GiB, since
 * pct counts in them. Values are passed on as written: they come from an archive, and pct checks them.
 * Source: facts of pct restore (`--rootfs` is needed, `unprivileged`, mount points and template are lost).
 */
export function containerRestoreOptions(config: GuestConfig, choice: StorageChoice): ContainerRestoreOptions {
  const mountPoints = mountPointsOf(config);
  const volumes = mountPoints.filter(({ reason }) => reason === undefined);
  return {
    rootfs: volumeValue(parsePropertyString(config.values.get('rootfs') ?? ''), choice),
    mountPoints: volumes.map(({ key, properties }) => ({ key, value: volumeValue(properties, choice) })),
    unprivileged: config.unprivileged,
    template: config.template,
    empty: volumes.filter(({ properties }) => !isInDump(properties)).map(({ key }) => key),
    leftOut: mountPoints.flatMap(({ key, text, reason }) =>
      reason === undefined ? [] : [{ key, reason, line: `${key}: ${text}` }],
    ),
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

function volumeValue(properties: PropertyString, choice: StorageChoice): string {
  const storage = targetStorage(volumeStorage(volumeOf(properties)), choice) ?? DEFAULT_STORAGE;
  const bytes = parseConfigSize(properties.values.get('size') ?? '') ?? 0;
  const options = [...properties.values].filter(([key]) => key !== 'volume' && key !== 'size');
  return [`${storage}:${Math.ceil(bytes / GIB)}`, ...options.map(([key, value]) => `${key}=${value}`)].join(
    ',',
  );
}

function volumeOf({ unkeyed, values }: PropertyString): string {
  return values.get('volume') ?? unkeyed ?? '';
}

function isInDump({ values }: PropertyString): boolean {
  return parsePveBoolean(values.get('backup')) === true;
}
