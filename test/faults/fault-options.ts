import { parseArgs } from 'node:util';
import { PART_NAMES, type PartName } from './fault-part.ts';

export interface FaultOptions {
  /** Undefined: a new one each time. */
  readonly seed: string | undefined;
  readonly minutes: number;
  readonly only: readonly PartName[];
  readonly case: number | undefined;
}

export const USAGE = `npm run test:faults -- [--seed N] [--minutes 10] [--only ${PART_NAMES.join(',')}] [--case K]`;

/** @throws Error with a sentence for what is wrong with the arguments */
export function parseFaultOptions(args: readonly string[]): FaultOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: 'string' },
      minutes: { type: 'string', default: '10' },
      only: { type: 'string', default: PART_NAMES.join(',') },
      case: { type: 'string' },
    },
  });
  const { seed, minutes, only, case: number } = values;
  if (!/^\d+(\.\d+)?$/.test(minutes)) throw new Error(`--minutes ${minutes}: that is no number`);
  if (number !== undefined && !/^\d+$/.test(number)) throw new Error(`--case ${number}: that is no number`);
  if (number !== undefined && seed === undefined)
    throw new Error('--case needs the --seed that it belongs to');
  return {
    seed,
    minutes: Number(minutes),
    only: only.split(',').map(partName),
    case: number === undefined ? undefined : Number(number),
  };
}

function partName(text: string): PartName {
  const found = PART_NAMES.find((name) => name === text);
  if (found === undefined) throw new Error(`there is no part ${text}; there are ${PART_NAMES.join(', ')}`);
  return found;
}
