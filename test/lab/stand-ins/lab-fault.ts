/** `lab-fault WORKER FAULT`: a stage of the pipeline of a dump that misbehaves as a test has ordered. */
import type { Fault } from './lab-state.ts';
import { writeAll } from './write-all.ts';

const worker = Number(process.argv[2]);
const fault: Fault = JSON.parse(process.argv[3] ?? '{}');
const HELD_BACK = 20_480;
const input: AsyncIterable<Uint8Array> = process.stdin;

if (fault.kind === 'short') await copyAllButTheEnd();
else await copyUntil('afterBytes' in fault ? fault.afterBytes : Number.POSITIVE_INFINITY);
if (fault.kind === 'trailing') await send(Buffer.alloc(fault.bytes, 'garbage'));

async function copyAllButTheEnd(): Promise<void> {
  let held: Uint8Array = new Uint8Array();
  for await (const chunk of input) {
    const all = Buffer.concat([held, chunk]);
    const ready = Math.max(0, all.length - HELD_BACK);
    await send(all.subarray(0, ready));
    held = all.subarray(ready);
  }
}

async function copyUntil(limit: number): Promise<void> {
  let copied = 0;
  for await (const chunk of input) {
    await send(chunk.subarray(0, limit - copied));
    copied += chunk.length;
    if (copied < limit) continue;
    if (fault.kind === 'die') process.kill(-worker, 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 2 ** 31 - 1));
  }
}

async function send(bytes: Uint8Array): Promise<void> {
  if (!(await writeAll(1, bytes))) process.kill(process.pid, 'SIGKILL');
}
