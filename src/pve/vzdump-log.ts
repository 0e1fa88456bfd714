import { LogLines } from './log-lines.ts';
import { parseVzdumpLine } from './vzdump-line.ts';
import type { VzdumpRecord } from './vzdump-record.ts';

/** Parses vzdump's log, fed in pieces of any size, as it comes. */
export class VzdumpLog {
  readonly #lines = new LogLines();

  push(bytes: Uint8Array): VzdumpRecord[] {
    return this.#lines.push(bytes).map(parseVzdumpLine);
  }

  end(): VzdumpRecord[] {
    return this.#lines.end().map(parseVzdumpLine);
  }
}

/** The records of a stream, each as soon as its line has ended. */
export async function* vzdumpRecords(
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<VzdumpRecord, void, undefined> {
  const log = new VzdumpLog();
  for await (const chunk of bytes) yield* log.push(chunk);
  yield* log.end();
}
