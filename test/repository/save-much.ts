/**
 * Saves much behind a slow backend and writes what that took, as JSON. Run as a process of its own, so that its memory and its
 * event loop are nobody else's.
 * Arguments: MiB to save, KiB of a blob, milliseconds that each save of the backend takes.
 */
import { initRepository, openRepository, withSession } from '../../src/repository/repository.ts';
import { MemoryBackend } from './memory-backend.ts';
import { noise } from './noise.ts';

const [mebibytes = 0, blobKibibytes = 0, saveMs = 0] = process.argv.slice(2).map(Number);
const PIPELINES = 4;
const TEMPLATE = noise(blobKibibytes << 10, 1);

/** A backend that forgets packs: they would be memory of the test, not of what is tested. */
class ForgetfulBackend extends MemoryBackend {
  storedBytes = 0;

  override async save(...[file, bytes]: Parameters<MemoryBackend['save']>): Promise<void> {
    this.storedBytes += bytes.length;
    await super.save(file, file.type === 'data' ? new Uint8Array() : bytes);
  }
}

const backend = new ForgetfulBackend({ saveMs });
await initRepository(backend, 'p', { cost: { N: 1 << 10, r: 8, p: 1 } });
const repository = await openRepository(backend, 'p');
const before = process.memoryUsage.rss();
let peak = before;
const watch = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage.rss());
}, 20);
const began = performance.now();
// Processor time, not the clock: on a busy machine the clock tells how busy it is.
const turnsMs: number[] = [];
let turned = process.threadCpuUsage();
const turns = setInterval(() => {
  const { user, system } = process.threadCpuUsage(turned);
  turnsMs.push((user + system) / 1000);
  turned = process.threadCpuUsage();
}, 5);
await withSession(repository, { lock: 'shared', threads: 2 }, async ({ writer }) => {
  const count = (mebibytes << 10) / blobKibibytes / PIPELINES;
  const pipeline = async (number: number) => {
    for (let i = 0; i < count; i++) {
      const bytes = Uint8Array.from(TEMPLATE);
      new DataView(bytes.buffer).setFloat64(0, number * count + i);
      const { done } = await writer.start('data', bytes);
      done.catch(() => undefined);
    }
  };
  await Promise.all(Array.from({ length: PIPELINES }, (_, number) => pipeline(number)));
  await writer.flush();
});
clearInterval(turns);
clearInterval(watch);
const report = {
  storedMiB: backend.storedBytes / 2 ** 20,
  growthMiB: (peak - before) / 2 ** 20,
  /** Processor time of the event loop between two of its turns, the longest hundredth left out. */
  turnMs: turnsMs.toSorted((a, b) => a - b)[Math.floor(turnsMs.length * 0.99)] ?? Number.NaN,
  seconds: (performance.now() - began) / 1000,
};
process.stdout.write(JSON.stringify(report));
