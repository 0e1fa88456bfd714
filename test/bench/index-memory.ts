/**
 * A process of its own, in two roles. `make FOLDER BLOBS`: a repository whose index says that it holds so many blobs of 1 MiB, and
 * nothing else. `load FOLDER`: loads that index, as every command does, and prints `IndexFigures` as JSON; wants --expose-gc.
 */
import { randomFillSync } from 'node:crypto';
import { BlobIndex } from '../../src/repository/blob-index.ts';
import { folderBackend } from '../../src/repository/folder-backend.ts';
import { IndexWriter } from '../../src/repository/index-writer.ts';
import { loadIndex } from '../../src/repository/load-index.ts';
import { blobId, parseFileId } from '../../src/repository/object-id.ts';
import { initRepository, openRepository, type Repository } from '../../src/repository/repository.ts';

export interface IndexFigures {
  readonly blobs: number;
  readonly seconds: number;
  /** Bytes in use more than before, on the heap and in buffers. */
  readonly used: number;
  /** Bytes resident more than before, after garbage was collected. */
  readonly resident: number;
}

const PASSWORD = 'a long sentence that nobody guesses';
const CHEAP = { N: 1 << 12, r: 8, p: 1 } as const;
const BLOBS_A_PACK = 32;
const STORED_BYTES = 700_000;
const CHUNK = 2 ** 20;

if (import.meta.main) {
  const [role = '', folder = '', blobs = '0'] = process.argv.slice(2);
  const backend = folderBackend(folder);
  if (role === 'make') await initRepository(backend, PASSWORD, { cost: CHEAP });
  const repository = await openRepository(backend, PASSWORD);
  const said = role === 'make' ? await make(repository, Number(blobs)) : await load(repository);
  process.stdout.write(JSON.stringify(said));
}

async function make({ backend, key }: Repository, blobs: number): Promise<{ readonly blobs: number }> {
  const writer = new IndexWriter(backend, key, { index: new BlobIndex(), compress: true });
  for (let made = 0; made < blobs; made += BLOBS_A_PACK) {
    const id = parseFileId(Buffer.from(randomId()).toString('hex'));
    if (id === undefined) throw new Error('a digest that is none');
    const entries = Array.from({ length: BLOBS_A_PACK }, (_, index) => ({
      id: blobId(randomId()),
      type: 'data' as const,
      offset: index * STORED_BYTES,
      length: STORED_BYTES,
      uncompressedLength: CHUNK,
    }));
    await writer.add({ id, entries });
  }
  await writer.flush();
  writer.close();
  return { blobs };
}

function randomId(): Uint8Array<ArrayBuffer> {
  return randomFillSync(new Uint8Array(32));
}

async function load({ backend, key }: Repository): Promise<IndexFigures> {
  const before = memory();
  const started = performance.now();
  const index = await loadIndex(backend, key);
  const seconds = (performance.now() - started) / 1000;
  const after = memory();
  const { size: blobs } = index;
  return { blobs, seconds, used: after.used - before.used, resident: after.resident - before.resident };
}

function memory(): { readonly used: number; readonly resident: number } {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { used: heapUsed + external, resident: rss };
}
