import { realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { otherReaders, type PathFacts } from '../config/other-readers.ts';
import type { SecretFile } from '../config/secret-files.ts';
import { shellLine } from '../transport/shell-line.ts';
import type { Surroundings } from './surroundings.ts';
import { terminalSafe } from './view/terminal-safe.ts';

const warned = new Set<string>();

/** Warns on stderr of files with secrets that others can read, of each once. Those that are not there are passed over. */
export async function warnOfReaders(
  files: readonly SecretFile[],
  { stderr }: Pick<Surroundings, 'stderr'>,
): Promise<void> {
  for (const { key, path } of files) {
    const facts = warned.has(path) ? undefined : await pathFacts(path).catch(() => undefined);
    const readers = facts && otherReaders(facts);
    if (facts === undefined || readers === undefined || warned.has(path)) continue;
    warned.add(path);
    const who = readers === 'everyone' ? 'every user of this machine' : 'its group';
    const mode = facts.file.mode.toString(8).padStart(4, '0');
    const remedy = shellLine(['chmod', '600', path]);
    stderr.write(
      `${terminalSafe(`warning: ${path} (${key}) can be read by ${who} (mode ${mode}): ${remedy}`)}\n`,
    );
  }
}

async function pathFacts(path: string): Promise<PathFacts> {
  const real = await realpath(path);
  const folders: string[] = [];
  for (let at = dirname(real); folders.at(-1) !== at; at = dirname(at)) folders.push(at);
  return { file: await factsOf(real), folders: await Promise.all(folders.map(factsOf)) };
}

async function factsOf(path: string) {
  const { mode, uid, gid } = await stat(path);
  return { mode: mode & 0o777, uid, gid };
}
