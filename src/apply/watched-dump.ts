import { type DumpVerdict, dumpVerdict } from '../pve/dump-verdict.ts';
import { VzdumpLog } from '../pve/vzdump-log.ts';
import type { VzdumpRecord } from '../pve/vzdump-record.ts';

const MOST_LOG_BYTES = 1 << 20;
const MOST_RECORDS = 20_000;

/** vzdump's log while it is being read: what it says, and its text for the snapshot, both bounded. */
export class WatchedLog {
  readonly #log = new VzdumpLog();
  readonly #records: VzdumpRecord[] = [];
  readonly #text: Uint8Array[] = [];
  #textBytes = 0;

  /** Reads to the end. `onRecord` is called for every record. */
  async read(stderr: AsyncIterable<Uint8Array>, onRecord: (record: VzdumpRecord) => void): Promise<void> {
    const keep = (record: VzdumpRecord) => {
      if (record.kind !== 'progress' && this.#records.length < MOST_RECORDS) this.#records.push(record);
      onRecord(record);
    };
    for await (const bytes of stderr) {
      this.#keepText(bytes);
      this.#log.push(bytes).forEach(keep);
    }
    this.#log.end().forEach(keep);
  }

  /** The log's text, at most 1 MiB of it. */
  get text(): Uint8Array {
    return Buffer.concat(this.#text);
  }

  get verdict(): DumpVerdict {
    return dumpVerdict(this.#records);
  }

  #keepText(bytes: Uint8Array): void {
    if (this.#textBytes >= MOST_LOG_BYTES) return;
    this.#text.push(bytes.slice(0, MOST_LOG_BYTES - this.#textBytes));
    this.#textBytes += bytes.length;
  }
}
