/** What a wrapper on this machine has left: private folders, and processes that were started in its environment. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { privateFolders } from '../../../src/pve/wrapper/script-parts.ts';

/** The variable by which a test's own processes are known. */
export const MARK = 'PVEBAK_TEST_MARK';

/** Waits a little for what is just ending. */
export async function whatIsLeft(mark: string): Promise<readonly string[]> {
  for (let tries = 0; tries < 40 && lookAround(mark).length > 0; tries++) await sleep(50);
  return lookAround(mark);
}

function lookAround(mark: string): readonly string[] {
  const folders = readdirSync(privateFolders).filter((name) => name.includes(`${mark}.`));
  return [...folders, ...processes(mark)];
}

function processes(mark: string): readonly string[] {
  return readdirSync('/proc').flatMap((pid) => {
    try {
      const marked = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(`${MARK}=${mark}`);
      return marked ? [readFileSync(`/proc/${pid}/cmdline`, 'utf8').slice(0, 80)] : [];
    } catch {
      return [];
    }
  });
}
