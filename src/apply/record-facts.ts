import { hostname } from 'node:os';
import type { RecordFacts } from '../records/save-record.ts';
import { formatRfc3339 } from '../snapshot/rfc3339.ts';

/** What each record says of its making: this machine, this program, and when. @param at milliseconds since 1970 */
export function recordFacts(
  at: number,
  { offsetMinutes, programVersion }: { readonly offsetMinutes: number; readonly programVersion: string },
): RecordFacts {
  return { time: formatRfc3339(at, offsetMinutes), hostname: hostname(), programVersion };
}
