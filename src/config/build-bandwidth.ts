import { parseSize } from './parse-size.ts';
import { promised } from './promised.ts';

/** A `bwlimit` in KiB per second, as the tools of Proxmox VE take it: at least 1, since they take 0 for "no limit". */
export function buildBandwidth(size: string): number {
  return Math.max(1, Math.floor(promised(parseSize(size), 'bwlimit') / 1024));
}
