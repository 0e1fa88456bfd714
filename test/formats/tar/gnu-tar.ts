import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Lends a folder that is gone afterwards. */
export async function inFolder<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'pvebak-tar-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What the system's GNU tar writes for the files of a folder. */
export async function gnuTar(folder: string, options: readonly string[]): Promise<Uint8Array> {
  const { stdout } = await promisify(execFile)(
    'tar',
    ['--create', '--file=-', `--directory=${folder}`, ...options, '.'],
    {
      encoding: 'buffer',
      maxBuffer: 1 << 28,
    },
  );
  return new Uint8Array(stdout);
}
