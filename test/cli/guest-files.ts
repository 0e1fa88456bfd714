/** What two guests are compared by. */
import { createHash } from 'node:crypto';
import { type BigIntStats, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

export function sha256Of(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

/** Every file below a folder: kind and mode, owner, and but for folders time of change, number of names, and content. */
export function describeFiles(root: string): ReadonlyMap<string, string> {
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' }).sort();
  return new Map(paths.map((path) => [path, describe(join(root, path))]));
}

function describe(path: string): string {
  const stats = lstatSync(path, { bigint: true });
  const mode = stats.mode.toString(8);
  const owner = `${mode} ${stats.uid}:${stats.gid}`;
  if (stats.isDirectory()) return owner;
  return `${owner} at ${stats.mtimeNs / 1_000_000_000n} links=${stats.nlink} ${contentOf(path, stats)}`;
}

function contentOf(path: string, stats: BigIntStats): string {
  if (stats.isSymbolicLink()) return `-> ${readlinkSync(path)}`;
  return stats.isFile() ? sha256Of(path) : '';
}
