/** The most entries that an extent has room for. The stock writer stops at 58. */
export const MAX_EXTENT_ENTRIES = 59;

/**
 * The entries of an extent, in parallel arrays of 59, so that a disk of a billion empty blocks makes no garbage.
 * Entries with device 0 say nothing and are left out.
 */
export interface ExtentTable {
  /** How many entries there are: places 0 to `count - 1` of the arrays. */
  count: number;
  /** How many blocks the header says that follow it. */
  blockCount: number;
  readonly devices: Uint8Array;
  readonly clusters: Uint32Array;
  readonly masks: Uint16Array;
  /** Which of the 59 places of the header it stood at. */
  readonly slots: Uint8Array;
}

export function emptyExtentTable(): ExtentTable {
  return {
    count: 0,
    blockCount: 0,
    devices: new Uint8Array(MAX_EXTENT_ENTRIES),
    clusters: new Uint32Array(MAX_EXTENT_ENTRIES),
    masks: new Uint16Array(MAX_EXTENT_ENTRIES),
    slots: new Uint8Array(MAX_EXTENT_ENTRIES),
  };
}
