import { type DumpVerdict, dumpVerdict } from '../pve/dump-verdict.ts';
import { VzdumpLog } from '../pve/vzdump-log.ts';
import type { VzdumpRecord } from '../pve/vzdump-record.ts';
import { HeadAndTail } from './head-and-tail.ts';

const HALF_OF_MOST_LOG_BYTES = 1 << 19;

/**
 * vzdump's log while it is being read: what it says, and its text for the snapshot. Of a log beyond 1 MiB both come from
 * its first and its last half MiB: the end says whether the dump counts, however many warnings stand before it.
 */
export class WatchedLog {
  readonly #log = new VzdumpLog();
  readonly #text = new HeadAndTail(HALF_OF_MOST_LOG_BYTES);

  /** Reads to the end. `onRecord` is called for every record. */
  async read(stderr: AsyncIterable<Uint8Array>, onRecord: (record: VzdumpRecord) => void): Promise<void> {
    for await (const bytes of stderr) {
      this.#text.push(bytes);
      this.#log.push(bytes).forEach(onRecord);
    }
    this.#log.end().forEach(onRecord);
  }

  get text(): Uint8Array {
    return this.#text.bytes;
  }

  get verdict(): DumpVerdict {
    const log = new VzdumpLog();
    return dumpVerdict([...log.push(this.text), ...log.end()]);
  }
}
