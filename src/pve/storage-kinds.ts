/** Takes the whole size of a volume when it is made. Sparse files and thin pools do not. */
export function isThick(type: string): boolean {
  return THICK.has(type);
}

/** What it holds may be smaller than what is written. */
export function isCompressing(type: string): boolean {
  return COMPRESSING.has(type);
}

const THICK = new Set(['lvm', 'iscsi', 'iscsidirect']);
const COMPRESSING = new Set(['zfspool', 'zfs', 'btrfs']);
