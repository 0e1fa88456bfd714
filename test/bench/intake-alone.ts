/**
 * A process of its own: takes a VM's stream from standard input into a repository, with no node, plan or snapshot around it.
 * Arguments: the repository's folder, which is made when it is not there, and the chunk size (0: by the size of the disk).
 * Prints `IntakeFigures` as JSON.
 */
import { existsSync } from 'node:fs';
import { consumedPieces } from '../../src/apply/consumed-pieces.ts';
import { takeInVm } from '../../src/apply/take-in-vm.ts';
import { folderBackend } from '../../src/repository/folder-backend.ts';
import { initRepository, openRepository, withSession } from '../../src/repository/repository.ts';

export interface IntakeFigures {
  /** From the first byte to the last durable one. */
  readonly seconds: number;
  readonly dataBytes: number;
  readonly newBytes: number;
  readonly storedBytes: number;
  /** Entries of the disk's content list. */
  readonly chunks: number;
}

const PASSWORD = 'a long sentence that nobody guesses';
const CHEAP = { N: 1 << 12, r: 8, p: 1 } as const;

if (import.meta.main) {
  const [folder = '', chunk = '0'] = process.argv.slice(2);
  process.stdout.write(JSON.stringify(await takeIn(folder, Number(chunk))));
}

async function takeIn(folder: string, chunkBytes: number): Promise<IntakeFigures> {
  const backend = folderBackend(folder);
  if (!existsSync(folder)) await initRepository(backend, PASSWORD, { cost: CHEAP });
  const repository = await openRepository(backend, PASSWORD);
  return withSession(repository, { lock: 'shared' }, async ({ writer }) => {
    const started = performance.now();
    const taken = await takeInVm(consumedPieces(process.stdin), {
      writer,
      temporaryFolder: '/var/tmp',
      chunkBytesOf: () => (chunkBytes === 0 ? undefined : chunkBytes),
      archiveIdentity: () => ({ uuid: new Uint8Array(16), ctime: 0 }),
    });
    await writer.flush();
    const amounts = taken.disks.map(({ amount }) => amount);
    const sum = (of: (amount: (typeof amounts)[number]) => number) =>
      amounts.reduce((total, each) => total + of(each), 0);
    return {
      seconds: (performance.now() - started) / 1000,
      dataBytes: sum(({ newBytes, reusedBytes }) => newBytes + reusedBytes),
      newBytes: sum(({ newBytes }) => newBytes),
      storedBytes: sum(({ storedBytes }) => storedBytes),
      chunks: taken.disks.reduce((total, { file }) => total + file.content.length, 0),
    };
  });
}
