export interface DueTerms {
  /** How old the newest backup may be, in milliseconds. */
  readonly rpoMs: number;
  /** The time from the start of one run to the start of the next, in milliseconds. */
  readonly cadenceMs: number;
  /** From the start of a dump of the guest to its end, in milliseconds; 0 when it is not known. */
  readonly durationMs: number;
}

/** Until its turn comes a guest waits for the others, it is taken, this share of the cadence: half an hour of a day. */
const WAIT_SHARE = 1 / 48;

/**
 * The age, in milliseconds, past which the newest backup makes a guest due.
 *
 * Due is judged ahead: a backup that would be older than the rpo before the next run has finished is due in
 * this one, else a nightly run with an rpo of 24 h would find 23 h 20 good enough and back up every second
 * night. The newer one counts once its dump has ended. So the limit is `rpo - cadence - wait - dump`, with two bounds:
 *
 * - Not below half a cadence. Where the rpo is about as long as the cadence (or shorter), the difference says
 *   "always due", and applying twice would back up twice. Half a cadence tells the last regular run, however
 *   early or late it began, from this one. The price: a backup made by hand less than half a cadence before a
 *   regular run is not repeated by it, and may pass the rpo before the next.
 * - Not above the rpo: what is out of policy is due, whatever the cadence says.
 *
 * | rpo  | cadence | dump   | due past |                                       |
 * | ---- | ------- | ------ | -------- | ------------------------------------- |
 * | 24 h | 24 h    | any    | 12 h     | every night, not twice in one night   |
 * | 24 h | 8 h     | -      | 15 h 50  | every second run                      |
 * | 24 h | 8 h     | 2 h    | 13 h 50  | every second run                      |
 * | 24 h | 8 h     | 9 h    | 6 h 50   | every run: two would be too old       |
 * | 48 h | 24 h    | -      | 23 h 30  | every second night, or each if slow   |
 * | 4 h  | 24 h    | any    | 4 h      | every night; the rpo cannot be kept   |
 */
export function dueAgeMs({ rpoMs, cadenceMs, durationMs }: DueTerms): number {
  const ahead = rpoMs - cadenceMs - cadenceMs * WAIT_SHARE - durationMs;
  return Math.min(rpoMs, Math.max(ahead, cadenceMs / 2));
}
