import { describe, expect, it } from 'vitest';
import { HeadAndTail } from '../../src/apply/head-and-tail.ts';
import { WatchedLog } from '../../src/apply/watched-dump.ts';
import { inPieces } from '../formats/in-pieces.ts';

const BEGINS = 'INFO: starting new backup job: vzdump 105 --stdout\nINFO: Starting Backup of VM 105 (lxc)\n';
const WELL = 'INFO: Finished Backup of VM 105 (00:00:10)\nINFO: Backup job finished successfully\n';
const BADLY =
  'ERROR: Backup of VM 105 failed - it broke\nINFO: Backup job finished with errors\njob errors\n';
const IGNORED = `INFO: tar: ./${'s'.repeat(200)}: socket ignored\n`;

async function watched(count: number, ending: string): Promise<WatchedLog> {
  const log = new WatchedLog();
  async function* pieces() {
    yield Buffer.from(BEGINS);
    for (let i = 0; i < count; i++) yield Buffer.from(IGNORED);
    yield Buffer.from(ending);
  }
  await log.read(pieces(), () => undefined);
  return log;
}

describe('the end of a log tells whether the dump counts, however much stands before it', () => {
  it.each([0, 100, 40_000])('%i lines', async (count) => {
    expect((await watched(count, WELL)).verdict.successful).toBe(true);
    expect((await watched(count, BADLY)).verdict).toMatchObject({ successful: false, cause: 'it broke' });
  });

  it('keeps about 1 MiB of its text, with both ends', async () => {
    const text = Buffer.from((await watched(40_000, WELL)).text).toString();
    expect(text.length).toBeLessThanOrEqual((1 << 20) + 40);
    expect(text.startsWith(BEGINS)).toBe(true);
    expect(text.endsWith(WELL)).toBe(true);
    expect(text).toMatch(/ignored\n\[\d+ bytes are left out here\]\nINFO: tar/);
  });
});

describe('of a text in pieces of any size', () => {
  const shown: readonly (readonly [string, string])[] = [
    ['', ''],
    ['ab\ncd\n', 'ab\ncd\n'],
    ['0123456789abcdefghij', '0123456789abcdefghij'],
    ['first\nmany\nmore\nlast\n', 'first\n[10 bytes are left out here]\nlast\n'],
    [`first\n${'x\n'.repeat(50)}y\nlast\n`, 'first\nx\nx\n[94 bytes are left out here]\nx\ny\nlast\n'],
  ];

  it.each(shown)('%j, 10 bytes of each end are kept', async (text, expected) => {
    for (const size of [1, 3, 10, 1000]) {
      const kept = new HeadAndTail(10);
      for await (const piece of inPieces(Buffer.from(text), size)) kept.push(piece);
      expect(Buffer.from(kept.bytes).toString()).toBe(expected);
    }
  });
});
