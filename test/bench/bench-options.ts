import { parseArgs } from 'node:util';

/** Run when nothing is said. */
const USUAL = ['vm', 'ssh', 'memory', 'container', 'chunks', 'index', 'plan'] as const;
export const SECTIONS = [...USUAL, 'load', 'profile'] as const;
export type SectionName = (typeof SECTIONS)[number];

export interface BenchOptions {
  readonly only: readonly SectionName[];
  /** Bytes of the VM's disk, zeros included. */
  readonly size: number;
  readonly seed: string;
  /** Of the container of small files. */
  readonly files: number;
  /** Where the results are written as JSON as well. */
  readonly json: string | undefined;
}

export const USAGE = `npm run bench -- [--only ${SECTIONS.join(',')}] [--size 4GiB] [--seed 1] [--files 500000] [--json FILE]`;

/** @throws Error with a sentence for what is wrong with the arguments */
export function parseBenchOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', default: USUAL.join(',') },
      size: { type: 'string', default: '4GiB' },
      seed: { type: 'string', default: '1' },
      files: { type: 'string', default: '500000' },
      json: { type: 'string' },
    },
  });
  return {
    only: values.only.split(',').map(sectionName),
    size: parseSize(values.size),
    seed: values.seed,
    files: parseCount(values.files),
    json: values.json,
  };
}

function sectionName(text: string): SectionName {
  const found = SECTIONS.find((each) => each === text);
  if (found === undefined) throw new Error(`there is no section ${text}; there are ${SECTIONS.join(', ')}`);
  return found;
}

const UNITS: ReadonlyMap<string, number> = new Map([
  ['MiB', 2 ** 20],
  ['GiB', 2 ** 30],
]);

function parseSize(text: string): number {
  const [, amount = '', unit = ''] = /^(\d+)(MiB|GiB)$/.exec(text) ?? [];
  const bytes = Number(amount) * (UNITS.get(unit) ?? 0);
  if (bytes > 0) return bytes;
  throw new Error(`a size is written like 512MiB or 2GiB, not ${text}`);
}

function parseCount(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new Error(`a number of files is wanted, not ${text}`);
}
