import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { BenchOptions } from './bench-options.ts';
import { ContentPool, makePool } from './content-pool.ts';
import { directSource } from './direct-disk.ts';
import { type DiskPlan, poolBytes } from './disk-plan.ts';
import { type Measured, mustRun } from './run-measured.ts';
import { writeVmStream } from './vm-stream.ts';

/** What the parts of the bench share. */
export interface BenchContext {
  readonly options: BenchOptions;
  /** A folder that is gone afterwards. */
  readonly work: string;
  readonly cores: number;
  /** Tells what is going on. */
  readonly say: (text: string) => void;
}

export function benchContext(options: BenchOptions, work: string): BenchContext {
  const say = (text: string) =>
    void process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);
  return { options, work, cores: availableParallelism(), say };
}

/** A folder of a part's own inside the work folder, removed at the end of the block. */
export function workFolder({ work }: BenchContext, name: string): { readonly path: string } & Disposable {
  const path = join(work, name);
  mkdirSync(path, { recursive: true });
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** The pool of all parts, large enough for these disks or as large as /usr is. Made once for each size. */
export function poolFor({ work, options }: BenchContext, bytes: number): ContentPool {
  const file = join(work, `pool-${Math.ceil(bytes / 2 ** 20)}`);
  return existsSync(file) ? new ContentPool(file) : makePool(file, { bytes, seed: options.seed });
}

/** Writes the backups of a VM's disk as it was at several times. @returns the files, `name.1` and so on */
export async function writeGenerations(
  context: BenchContext,
  disks: readonly DiskPlan[],
  { folder, vmid }: { readonly folder: string; readonly vmid: number },
): Promise<{
  readonly files: readonly string[];
  readonly lengths: readonly number[];
  readonly pool: ContentPool;
}> {
  const pool = poolFor(context, Math.max(...disks.map(poolBytes)));
  const files = disks.map((_, index) => join(folder, `vm-${vmid}.${index + 1}.vma`));
  const lengths: number[] = [];
  for (const [index, disk] of disks.entries()) {
    context.say(`making stream ${index + 1} of ${disks.length} of VM ${vmid}`);
    const seed = `${context.options.seed} vm ${vmid} backup ${index + 1}`;
    lengths.push(await writeVmStream(files[index] ?? '', { disk, pool, vmid, seed }));
  }
  return { files, lengths, pool };
}

/** Runs a program of this folder in a process of its own and parses what it prints. */
export async function runChild<T>(
  name: string,
  {
    args = [],
    input,
    node = [],
  }: { readonly args?: readonly string[]; readonly input?: string; readonly node?: readonly string[] },
): Promise<{ readonly figures: T; readonly run: Measured }> {
  const words = [process.execPath, ...node, join(import.meta.dirname, name), ...args].map(
    (word) => `'${word}'`,
  );
  const line = input === undefined ? words.join(' ') : `${directSource}'${input}' | ${words.join(' ')}`;
  const run = await mustRun({ line, env: { PATH: '/usr/bin:/bin', HOME: '/nonexistent', LANG: 'C.UTF-8' } });
  const figures: T = JSON.parse(run.stdout);
  return { figures, run };
}
