import { parentPort, workerData } from 'node:worker_threads';
import { type BlobTask, BlobWork, type FromBlobWorker, transferables } from './blob-work.ts';
import { encryptionReady, type MasterKey } from './encryption.ts';

/**
 * The entry of a worker thread: first it says that it is ready, then it is one task in, at most one result out, in order.
 * `workerData` is the master key.
 */
const key: MasterKey = workerData;
await encryptionReady;
const work = new BlobWork(key);
const ready: FromBlobWorker = { kind: 'ready' };
parentPort?.on('message', (task: BlobTask) => {
  const result = work.do(task);
  if (result !== undefined) parentPort?.postMessage(result, transferables(result));
});
parentPort?.postMessage(ready);
