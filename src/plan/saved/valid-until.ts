const LONGEST_MS = 24 * 3_600_000;

/**
 * Until when a saved plan may be carried out, in milliseconds since 1970: until the next run is due, which plans anew, and
 * for a day at most.
 */
export function validUntil(madeAt: number, cadenceMs: number): number {
  return madeAt + Math.min(cadenceMs, LONGEST_MS);
}
