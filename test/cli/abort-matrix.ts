/** The cells of the abort matrix: whose dump is struck, by what, and when; drawn from a seed. */
import { hash } from 'node:crypto';

export const GUESTS = ['a stopped VM', 'a running VM', 'a container'] as const;
export const ACCIDENTS = ['SIGINT', 'SIGKILL', 'SIGSTOP', 'a cut connection', 'a dropped route'] as const;
export const MOMENTS = ['early', 'midway', 'late'] as const;

export interface AbortCell {
  readonly guest: (typeof GUESTS)[number];
  readonly accident: (typeof ACCIDENTS)[number];
  readonly moment: (typeof MOMENTS)[number];
  /** How much of the dump's time has passed when it is struck, 0 to 1. */
  readonly fraction: number;
}

/** All 45. The same seed gives the same fractions. */
export function wholeMatrix(seed: string): readonly AbortCell[] {
  return GUESTS.flatMap((guest) =>
    ACCIDENTS.flatMap((accident) =>
      MOMENTS.map((moment, third) => {
        const drawn = draw(`${seed} ${guest} ${accident} ${moment}`);
        return { guest, accident, moment, fraction: third * 0.35 + drawn * 0.2 };
      }),
    ),
  );
}

/** A third of them: every guest meets every accident once, and each comes early, midway and late. */
export function sampleOf(seed: string): readonly AbortCell[] {
  const shift = Math.floor(draw(seed) * MOMENTS.length);
  return wholeMatrix(seed).filter(({ guest, accident, moment }) => {
    const at = GUESTS.indexOf(guest) + ACCIDENTS.indexOf(accident) + shift;
    return MOMENTS.indexOf(moment) === at % MOMENTS.length;
  });
}

/** 0 up to 1. */
function draw(text: string): number {
  return Number.parseInt(hash('sha256', text, 'hex').slice(0, 8), 16) / 2 ** 32;
}
