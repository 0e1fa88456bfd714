import { parentPort, workerData } from 'node:worker_threads';
import { checkPack, type PackCheck, type PackFindings } from './check-pack.ts';
import { encryptionReady, type MasterKey } from './encryption.ts';
import { releaseMemory } from './release-memory.ts';

/** What the thread says. */
export type FromPackChecker = 'ready' | PackFindings;

/**
 * The entry of a thread that checks packs: first it says that it is ready, then it is one in, its findings out, in order.
 * `workerData` is the master key.
 */
const key: MasterKey = workerData;
await encryptionReady;
const say = (words: FromPackChecker) => parentPort?.postMessage(words);
parentPort?.on('message', (check: PackCheck) => {
  const findings = checkPack(key, check);
  releaseMemory(check.bytes);
  say(findings);
});
say('ready');
