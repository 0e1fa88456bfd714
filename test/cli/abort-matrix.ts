/** The cells of an abort matrix: what is struck, by what, and when; drawn from a seed. */
import { hash } from 'node:crypto';

export const ACCIDENTS = ['SIGINT', 'SIGKILL', 'SIGSTOP', 'a cut connection', 'a dropped route'] as const;
export const MOMENTS = ['early', 'midway', 'late'] as const;

export interface AbortCell<Subject extends string> {
  readonly subject: Subject;
  readonly accident: (typeof ACCIDENTS)[number];
  readonly moment: (typeof MOMENTS)[number];
  /** How much of it is done when it is struck, 0 to 1. */
  readonly fraction: number;
}

/** All: 15 for each subject. The same seed gives the same fractions. */
export function wholeMatrix<Subject extends string>(
  subjects: readonly Subject[],
  seed: string,
): readonly AbortCell<Subject>[] {
  return subjects.flatMap((subject) =>
    ACCIDENTS.flatMap((accident) =>
      MOMENTS.map((moment, third) => {
        const drawn = draw(`${seed} ${subject} ${accident} ${moment}`);
        return { subject, accident, moment, fraction: third * 0.35 + drawn * 0.2 };
      }),
    ),
  );
}

/** A third of them: every subject meets every accident once, and with three of them each comes early, midway and late. */
export function sampleOf<Subject extends string>(
  subjects: readonly Subject[],
  seed: string,
): readonly AbortCell<Subject>[] {
  const shift = Math.floor(draw(seed) * MOMENTS.length);
  return wholeMatrix(subjects, seed).filter(({ subject, accident, moment }) => {
    const at = subjects.indexOf(subject) + ACCIDENTS.indexOf(accident) + shift;
    return MOMENTS.indexOf(moment) === at % MOMENTS.length;
  });
}

/** 0 up to 1. */
export function draw(text: string): number {
  return Number.parseInt(hash('sha256', text, 'hex').slice(0, 8), 16) / 2 ** 32;
}
