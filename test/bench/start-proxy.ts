import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export interface SlowLine extends Disposable {
  readonly port: number;
}

/** A line with delay before a server of this machine, in a process of its own. @param delayMs in either direction */
export async function startProxy(port: number, delayMs: number): Promise<SlowLine> {
  const program = join(import.meta.dirname, 'delaying-proxy.ts');
  const child = spawn(process.execPath, [program, String(port), String(delayMs)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said]: Buffer[] = await once(child.stdout, 'data');
  return { port: Number(said), [Symbol.dispose]: () => void child.kill() };
}
