import { cpSync, mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '../../lab/run-program.ts';

/** Enough for all that a case stores. */
const ROOMY_BYTES = 64 << 20;

/** A file system in memory, put over a folder, with the folder's files in it. Needs root. */
export class SmallMount implements Disposable {
  readonly #folder: string;

  static over(folder: string): SmallMount {
    const aside = mkdtempSync(join(tmpdir(), 'pvebak-aside-'));
    cpSync(folder, aside, { recursive: true });
    mkdirSync(folder, { recursive: true });
    runProgram('mount', ['-t', 'tmpfs', '-o', `size=${ROOMY_BYTES},mode=0700`, 'none', folder]);
    cpSync(aside, folder, { recursive: true });
    rmSync(aside, { recursive: true });
    return new SmallMount(folder);
  }

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** From now on so many bytes are free. */
  leave(bytes: number): void {
    const { blocks, bavail, bsize } = statfsSync(this.#folder);
    this.#remount(`size=${(blocks - bavail) * bsize + bytes}`);
  }

  makeRoom(): void {
    this.#remount(`rw,size=${ROOMY_BYTES}`);
  }

  makeReadOnly(): void {
    this.#remount('ro');
  }

  #remount(options: string): void {
    runProgram('mount', ['-o', `remount,${options}`, this.#folder]);
  }

  [Symbol.dispose](): void {
    runProgram('umount', ['--lazy', this.#folder]);
  }
}
