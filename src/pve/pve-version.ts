import type { PveVersion } from './inventory.ts';

/**
 * Whether a node's pve-manager is at least the one wanted, `8.1.4`. A version that is not known, or that is none,
 * counts as older than any.
 */
export function isAtLeast(version: PveVersion | undefined, wanted: string): boolean {
  const has = partsOf(version?.version ?? '');
  for (const [index, part] of partsOf(wanted).entries()) {
    const difference = (has[index] ?? 0) - part;
    if (difference !== 0) return difference > 0;
  }
  return true;
}

/** `8.4.21` and, as 7.x writes it, `7.4-19`; what follows the numbers, `~rc1`, is dropped. */
function partsOf(version: string): readonly number[] {
  const numbers = /^\d{1,4}(?:[.-]\d{1,4}){0,5}/.exec(version)?.[0] ?? '0';
  return numbers.split(/[.-]/).map(Number);
}
