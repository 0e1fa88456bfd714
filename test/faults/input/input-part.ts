import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { FaultPart, Made } from '../fault-part.ts';
import type { InputMessage } from './input-program.ts';

const PROGRAM = join(import.meta.dirname, 'input-program.ts');
/** For one item; the machine may be busy. */
const MOST_ITEM_MS = 90_000;

/** Input that somebody else has written, mutated: an error of ours, no crash, no hang, no memory beyond its bound, no path out of a folder. */
export function inputPart(size: {
  readonly lanes: number;
  readonly shortCases: number;
  readonly itemsPerCase: number;
}): FaultPart {
  return {
    name: 'input',
    share: 2,
    shortCases: size.shortCases,
    async prepare() {
      return {
        lanes: size.lanes,
        run: (draws) => readHostile(String(draws.below(2 ** 32)), size.itemsPerCase),
        async [Symbol.asyncDispose]() {},
      };
    },
  };
}

async function readHostile(seed: string, items: number): Promise<Made> {
  const child = fork(PROGRAM, [seed, String(items)], {
    execArgv: ['--max-old-space-size=512'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const { promise, resolve, reject } = Promise.withResolvers<Made>();
  let under = 'the start';
  let made: Made | undefined;
  const faults: string[] = [];
  const late = setTimeout(() => {
    faults.push(`${under}: it hangs`);
    child.kill('SIGKILL');
  }, MOST_ITEM_MS);
  child.on('message', (message: InputMessage) => {
    late.refresh();
    if (message.kind === 'begins') under = `item ${message.item}, ${message.target}`;
    if (message.kind === 'fault') faults.push(`item ${message.item}, ${message.target}: ${message.what}`);
    if (message.kind === 'done') made = message.made;
  });
  child.once('error', reject);
  child.once('close', (code, signal) => {
    clearTimeout(late);
    if (made === undefined) faults.push(`${under}: the process ended with ${signal ?? code}`);
    if (faults.length > 0) reject(new Error(`hostile input of seed ${seed}:\n${faults.join('\n')}`));
    else resolve(made ?? {});
  });
  return promise;
}
