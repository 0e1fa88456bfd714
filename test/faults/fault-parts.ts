import type { FaultPart } from './fault-part.ts';
import { killsPart } from './kills/kills-part.ts';

/** The campaign as it runs for minutes, and what of it runs with every test. */
export type CampaignSize = 'long' | 'short';

export function faultParts(size: CampaignSize): readonly FaultPart[] {
  const isLong = size === 'long';
  return [
    killsPart(isLong ? { lanes: 4, killsPerCase: 8, backups: 3 } : { lanes: 1, killsPerCase: 4, backups: 1 }),
  ];
}
