import { damagePart } from './damage/damage-part.ts';
import type { FaultPart } from './fault-part.ts';
import { inputPart } from './input/input-part.ts';
import { killsPart } from './kills/kills-part.ts';
import { storagePart } from './storage/storage-part.ts';
import { ALL_COMMANDS, FEW_COMMANDS, terminalPart } from './terminal/terminal-part.ts';
import { wirePart } from './wire/wire-part.ts';

/** The campaign as it runs for minutes, and what of it runs with every test. */
export type CampaignSize = 'long' | 'short';

export function faultParts(size: CampaignSize): readonly FaultPart[] {
  const isLong = size === 'long';
  return [
    killsPart(isLong ? { lanes: 4, killsPerCase: 8, backups: 3 } : { lanes: 1, killsPerCase: 3, backups: 1 }),
    wirePart({ lanes: isLong ? 6 : 1, shortCases: 1 }),
    damagePart({ lanes: isLong ? 4 : 2, shortCases: 3 }),
    inputPart({ lanes: isLong ? 2 : 1, shortCases: 1, itemsPerCase: isLong ? 2000 : 120 }),
    terminalPart({ shortCases: 1, commands: isLong ? ALL_COMMANDS : FEW_COMMANDS }),
    storagePart({ lanes: isLong ? 4 : 1, shortCases: 1 }),
  ];
}
