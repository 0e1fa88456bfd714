import { parentPort, workerData } from 'node:worker_threads';
import { type BlobTask, doBlobTask, transferables } from './blob-work.ts';
import { encryptionReady, type MasterKey } from './encryption.ts';

/** The entry of a worker thread: one task in, one result out, in order. `workerData` is the master key. */
const key: MasterKey = workerData;
await encryptionReady;
parentPort?.on('message', (task: BlobTask) => {
  const result = doBlobTask(key, task);
  parentPort?.postMessage(result, transferables(result));
});
