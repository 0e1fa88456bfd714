/**
 * The order in which a backup of a VM delivers clusters: drives from last to first; inside a drive up to 16 copies are under way
 * and any of them may be the next to finish; and now and then a cluster of a drive whose turn has not come, because the guest is
 * about to overwrite it.
 */

export interface Place {
  /** Index of the device in the list. */
  readonly device: number;
  readonly cluster: number;
}

const WORKERS = 16;
const EARLY = 4;

/** Each cluster exactly once. The same seed gives the same order. @param counts clusters of each device */
export function* clusterOrder(counts: readonly number[], seed: Uint8Array): Generator<Place> {
  const random = randomSource(seed);
  const early = counts.map((count) => new Set(someNumbers(count, random)));
  const pending = counts.flatMap((_, device) =>
    device === counts.length - 1 ? [] : [...(early[device] ?? [])].map((cluster) => ({ device, cluster })),
  );
  for (let device = counts.length - 1; device >= 0; device--) {
    const done = device === counts.length - 1 ? undefined : early[device];
    for (const cluster of window(counts[device] ?? 0, random)) {
      if (done?.has(cluster)) continue;
      yield { device, cluster };
      const next = pending.length > 0 && random() < 0.02 ? pending.pop() : undefined;
      if (next !== undefined) yield next;
    }
    yield* pending.splice(0);
  }
}

function* window(count: number, random: () => number): Generator<number> {
  const underWay: number[] = [];
  for (let next = 0; next < count || underWay.length > 0; ) {
    while (underWay.length < WORKERS && next < count) underWay.push(next++);
    const index = Math.floor(random() * underWay.length);
    const cluster = underWay[index];
    const last = underWay.pop();
    if (last !== undefined && index < underWay.length) underWay[index] = last;
    if (cluster !== undefined) yield cluster;
  }
}

function someNumbers(below: number, random: () => number): readonly number[] {
  return below === 0 ? [] : Array.from({ length: EARLY }, () => Math.floor(random() * below));
}

/** xorshift32: quick, and the same everywhere. */
function randomSource(seed: Uint8Array): () => number {
  let state = seed.reduce((sum, byte) => (sum * 31 + byte) >>> 0, 1) || 1;
  return () => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 0x1_0000_0000;
  };
}
