import type { LineId } from './inventory.ts';

/** Parses a line's 16 lower-case hex digits; undefined when it is none. */
export function parseLineId(text: string): LineId | undefined {
  return /^[0-9a-f]{16}$/.test(text) ? (text as LineId) : undefined;
}
