/** `cstream -t BYTES`: copies standard input to standard output at that many bytes a second. */
import { setTimeout as sleep } from 'node:timers/promises';
import { writeAll } from './write-all.ts';

const rate = Number(process.argv[3] ?? 0);
const started = performance.now();
let copied = 0;
for await (const chunk of process.stdin) {
  const bytes: Uint8Array = chunk;
  if (!(await writeAll(1, bytes))) process.kill(process.pid, 'SIGKILL');
  copied += bytes.length;
  const due = (copied / rate) * 1000 - (performance.now() - started);
  if (rate > 0 && due > 1) await sleep(due);
}
