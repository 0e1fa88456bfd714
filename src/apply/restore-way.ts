import type { GuestType } from '../pve/guest.ts';

/** `staged`: as a file in `dump_dir`. `streamed`: straight into the tool's stdin, after all of it was read once. */
export type RestoreWay = 'staged' | 'streamed';

export interface WayFacts {
  /** What was asked for; absent: `auto`. */
  readonly mode?: 'auto' | 'staged' | 'streamed';
  readonly type: GuestType;
  /** Whether a guest is there that will be overwritten. */
  readonly exists: boolean;
  /** Bytes free in `dump_dir`; undefined when there is no such folder. */
  readonly freeBytes: number | undefined;
  /** The most that the archive can take. */
  readonly mostBytes: number;
}

/**
 * How the archive reaches the tool.
 *
 * | asked    | guest                         | room in dump_dir | way      |
 * | staged   | any                           | yes              | staged   |
 * | staged   | any                           | no               | refused  |
 * | streamed | any                           | -                | streamed |
 * | auto     | container, or one overwritten | yes              | staged   |
 * | auto     | container, or one overwritten | no               | streamed |
 * | auto     | VM to a free vmid             | -                | streamed |
 *
 * A file is better where something can be lost, since a wire that breaks then breaks nothing, and for containers, since
 * pct reads the whole configuration out of a file only. A VM that overwrites nothing needs neither, and a stream takes
 * half the time and no room.
 */
export function chooseRestoreWay(facts: WayFacts): RestoreWay | 'refused' {
  const { mode = 'auto', type, exists, freeBytes = -1, mostBytes } = facts;
  const hasRoom = mostBytes <= freeBytes;
  if (mode === 'streamed') return 'streamed';
  if (mode === 'staged') return hasRoom ? 'staged' : 'refused';
  return hasRoom && (type === 'lxc' || exists) ? 'staged' : 'streamed';
}
