import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { restic, resticOk } from './restic.ts';
import { sampleRepository } from './sample-repository.ts';

async function run(program: string, args: readonly unknown[], environment: Record<string, string> = {}) {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--no-warnings', join(import.meta.dirname, program), ...args.map(String)],
    { env: { ...process.env, ...environment } },
  );
  return JSON.parse(stdout);
}

/** Lets glibc give freed memory back at once, so that what is measured is what is held. */
const NO_HOLES = { MALLOC_MMAP_THRESHOLD_: '131072' };

describe('saving much', () => {
  it('holds less than 250 MiB, its two threads included', async () => {
    const { storedMiB, growthMiB } = await run('save-much.ts', [512, 1024, 20], NO_HOLES);
    expect(storedMiB).toBeGreaterThan(512);
    expect(growthMiB).toBeLessThan(250);
  });

  it('keeps the event loop free', async () => {
    const { storedMiB, turnMs } = await run('save-much.ts', [1024, 1024, 20]);
    expect(storedMiB).toBeGreaterThan(1024);
    expect(turnMs).toBeLessThan(50);
  });

  it('waits for a slow backend instead of filling the memory, holes in the heap included', async () => {
    const { storedMiB, growthMiB } = await run('save-much.ts', [512, 256, 300]);
    expect(storedMiB).toBeGreaterThan(512);
    expect(growthMiB).toBeLessThan(400);
  });
});

describe('a file of a million blobs', () => {
  const count = 1_000_000;

  it('is saved and read within bounds, and restic agrees on it', async () => {
    const sample = await sampleRepository();
    const result = await run('save-large-tree.ts', [sample.folder, sample.password, count], NO_HOLES);
    expect(result).toMatchObject({ length: count, different: 0 });
    expect(result.growthMiB).toBeLessThan(350);
    expect(await resticOk(sample, 'ls', '-l', 'latest')).toContain(` ${4 * count} `);
    const { status, stdout } = await restic(sample, 'dump', 'latest', '/large');
    expect(status).toBe(0);
    expect(stdout).toHaveLength(4 * count);
    const wrong = Array.from({ length: count }, (_, i) => i).filter(
      (i) => stdout[4 * i] !== (i * 167 + (i >> 8)) % 256,
    );
    expect(wrong).toEqual([]);
    expect((await restic(sample, 'check', '--read-data')).text).toContain('no errors were found');
  });
});
