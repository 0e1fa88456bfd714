/**
 * Parses a duration such as `90s`, `15m`, `24h`, `7d` or `2w`; undefined when it is none.
 * @returns milliseconds, more than 0
 */
export function parseDuration(text: string): number | undefined {
  const match = /^([1-9]\d{0,5})([smhdw])$/.exec(text);
  const unit = UNIT_MS.get(match?.[2] ?? '');
  return unit === undefined ? undefined : Number(match?.[1]) * unit;
}

const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
  ['w', 604_800_000],
]);
