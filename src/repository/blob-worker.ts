import { parentPort, workerData } from 'node:worker_threads';
import { type BlobTask, BlobWork, transferables } from './blob-work.ts';
import { encryptionReady, type MasterKey } from './encryption.ts';

/** The entry of a worker thread: one task in, at most one result out, in order. `workerData` is the master key. */
const key: MasterKey = workerData;
await encryptionReady;
const work = new BlobWork(key);
parentPort?.on('message', (task: BlobTask) => {
  const result = work.do(task);
  if (result !== undefined) parentPort?.postMessage(result, transferables(result));
});
