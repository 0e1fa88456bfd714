/** Before any test: the program as it is run is built from the sources as they are. */
import { execFileSync } from 'node:child_process';
import { globSync, statSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const BUILT = 'dist/cli/pvebak.js';

/** When a file was written; 0 for one that is not there. */
function writtenAt(file: string): number {
  return statSync(join(ROOT, file), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

export default function buildChanged(): void {
  const sources = globSync('src/**/*.{ts,json}', { cwd: ROOT });
  if (Math.max(...sources.map(writtenAt)) >= writtenAt(BUILT))
    execFileSync('npm', ['run', 'build'], { cwd: ROOT, stdio: 'inherit' });
}
