/** How much of the data is read. */
export type Reading =
  /** None: files, trees, lists and digests only. */
  | { readonly kind: 'structure' }
  /** One of `of` parts of all packs, counted from 1. */
  | { readonly kind: 'subset'; readonly part: number; readonly of: number }
  | { readonly kind: 'read-data' };

/** What is asked for; of a share, which part it is this time is not yet known. */
export type WantedReading = Reading | { readonly kind: 'next-part'; readonly of: number };

const MOST_PARTS = 10_000;

/**
 * `5%`: the next one of 20 parts, so that 20 runs read all; a share that does not divide 100 is rounded up. `3/20`: the
 * third of 20.
 * @returns undefined when it is neither
 */
export function parseSubset(text: string): WantedReading | undefined {
  const [, percent] = /^(\d{1,3}(?:\.\d+)?)%$/.exec(text) ?? [];
  if (percent !== undefined) {
    const share = Number(percent);
    const of = Math.ceil(100 / share - 1e-9);
    return share > 0 && share <= 100 && of <= MOST_PARTS ? { kind: 'next-part', of } : undefined;
  }
  const [, part, of] = /^(\d{1,5})\/(\d{1,5})$/.exec(text) ?? [];
  const wanted = { kind: 'subset', part: Number(part), of: Number(of) } as const;
  return wanted.part >= 1 && wanted.part <= wanted.of && wanted.of <= MOST_PARTS ? wanted : undefined;
}

/** @param last the part that the newest run read that had as many; undefined when there was none */
export function settleReading(wanted: WantedReading, last: number | undefined): Reading {
  if (wanted.kind !== 'next-part') return wanted;
  const { of } = wanted;
  return { kind: 'subset', part: ((last ?? 0) % of) + 1, of };
}

/** Whether a pack is read. Its id is a SHA-256, so that its first 32 bits spread packs evenly over all parts. */
export function isRead(pack: string, reading: Reading): boolean {
  switch (reading.kind) {
    case 'structure':
      return false;
    case 'read-data':
      return true;
    case 'subset':
      return Number.parseInt(pack.slice(0, 8), 16) % reading.of === reading.part - 1;
  }
}
