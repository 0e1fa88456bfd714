import type { RestoreAction } from '../plan/plan.ts';

/**
 * The order of the restores of a run, on whichever nodes they are: each waits until all that come before it have ended, well
 * or not. Those that need not wait for each other are left to the turns of their nodes.
 */
export class RestoreSequence {
  readonly #ends: ReadonlyMap<RestoreAction, PromiseWithResolvers<void>>;

  constructor(restores: readonly RestoreAction[]) {
    this.#ends = new Map(restores.map((action) => [action, Promise.withResolvers<void>()]));
  }

  /** Does the work in its place of the order. */
  async run<T>(action: RestoreAction, work: () => Promise<T>): Promise<T> {
    const earlier = [...this.#ends].filter(([other]) => comesBefore(other, action));
    await Promise.all(earlier.map(([, { promise }]) => promise));
    try {
      return await work();
    } finally {
      this.#ends.get(action)?.resolve();
    }
  }
}

/** By the order of their entries, then by that within one entry; what has none comes last. */
export function comesBefore(a: RestoreAction, b: RestoreAction): boolean {
  const [first, second] = [a.order ?? LAST, b.order ?? LAST];
  if (first !== second) return first < second;
  if (a.member === undefined || a.member.of !== b.member?.of) return false;
  return (a.member.place ?? LAST) < (b.member.place ?? LAST);
}

const LAST = Number.POSITIVE_INFINITY;
