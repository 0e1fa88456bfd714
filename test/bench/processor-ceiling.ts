import type { ProcessorSpeeds } from './processor-speeds.ts';

/** Bytes that each step of a backup cannot do without. */
export interface NeededWork {
  /** Disk data that is not zeros: hashed to be known. */
  readonly dataBytes: number;
  /** Of those, what the repository does not hold: compressed. */
  readonly newBytes: number;
  /** What is stored of them: encrypted, authenticated, and hashed once more as part of a pack. */
  readonly storedBytes: number;
}

/** Seconds that all cores together need at least, if nothing else took time. */
export function ceilingSeconds(work: NeededWork, speeds: ProcessorSpeeds, cores: number): number {
  const seconds =
    work.dataBytes / speeds.hash +
    work.newBytes / speeds.zstd +
    work.storedBytes / speeds.cipher +
    work.storedBytes / speeds.mac +
    work.storedBytes / speeds.hash;
  return seconds / cores;
}
