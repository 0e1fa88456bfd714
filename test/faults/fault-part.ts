import type { Draws } from './draws.ts';

export const PART_NAMES = ['kills', 'wire', 'damage', 'storage', 'input', 'terminal'] as const;
export type PartName = (typeof PART_NAMES)[number];

/** How often each kind of fault was made: `{ 'kill -9 during prune': 1 }` */
export type Made = Readonly<Record<string, number>>;

/** One kind of trouble. */
export interface FaultPart {
  readonly name: PartName;
  /** Of the campaign's time, as a share of the sum of all. */
  readonly share: number;
  /** How many cases of it run with every test. */
  readonly shortCases: number;
  /** Makes what all of its cases start from. */
  prepare(seed: string): Promise<PreparedPart>;
}

export interface PreparedPart extends AsyncDisposable {
  /** How many cases may run side by side. */
  readonly lanes: number;
  /**
   * Runs one case, which depends on nothing but what it draws.
   * @param lane 0 up to `lanes`; no two cases run in one at once
   * @throws when something was lost, or came out in another way than it must
   */
  run(draws: Draws, lane: number): Promise<Made>;
}
