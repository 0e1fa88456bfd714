import { parentPort, workerData } from 'node:worker_threads';
import { checkPack, type PackCheck } from './check-pack.ts';
import { encryptionReady, type MasterKey } from './encryption.ts';
import { releaseMemory } from './release-memory.ts';

/** The entry of a thread that checks packs: one in, its findings out, in order. `workerData` is the master key. */
const key: MasterKey = workerData;
await encryptionReady;
parentPort?.on('message', (check: PackCheck) => {
  const findings = checkPack(key, check);
  releaseMemory(check.bytes);
  parentPort?.postMessage(findings);
});
