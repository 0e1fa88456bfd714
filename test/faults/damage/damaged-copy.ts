import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { folderBackend } from '../../../src/repository/folder-backend.ts';
import type { Repository } from '../../../src/repository/repository.ts';
import { loadUnpacked, saveUnpacked } from '../../../src/repository/unpacked-file.ts';
import type { Draws } from '../draws.ts';

export const FILE_KINDS = ['config', 'keys', 'index', 'snapshots', 'data'] as const;
export type FileKind = (typeof FILE_KINDS)[number];

const HARMS = ['flip', 'cut short', 'appended to', 'swapped', 'gone', 'a folder', 'an I/O error'] as const;

/** What was done to one file of a repository. */
export interface Harm {
  readonly kind: FileKind;
  /** `data/ab/<64 digits>` */
  readonly file: string;
  readonly how: (typeof HARMS)[number] | 'doubled';
}

/** Harms one file of a repository in a folder, drawn. */
export async function harmOne(folder: string, repository: Repository, draws: Draws): Promise<Harm> {
  const kind = draws.pick(FILE_KINDS);
  const file = drawFile(folder, kind, draws);
  if (kind === 'index' && draws.fraction() < 0.15) return doubleIndex(folder, repository, file);
  const how = draws.fraction() < 0.5 ? 'flip' : draws.pick(HARMS);
  // A snapshot that is gone is one that was forgotten; a folder is not removed for an index that is made anew.
  if ((how === 'gone' && kind === 'snapshots') || (how === 'a folder' && kind === 'index'))
    return harmOne(folder, repository, draws);
  harm(folder, { kind, file, how }, draws);
  return { kind, file, how };
}

function harm(folder: string, { kind, file, how }: Harm, draws: Draws): void {
  const path = join(folder, file);
  const bytes = readFileSync(path);
  rmSync(path);
  if (how === 'a folder') mkdirSync(path);
  // The kernel answers with EIO when a process reads its own memory at the address 0.
  if (how === 'an I/O error') symlinkSync('/proc/self/mem', path);
  if (how === 'swapped') {
    const others = filesOf(folder, kind).filter((other) => other !== file);
    const other = others[draws.below(others.length)];
    writeFileSync(path, other === undefined ? draws.bytes(bytes.length) : readFileSync(join(folder, other)));
  }
  if (how === 'appended to') writeFileSync(path, Buffer.concat([bytes, draws.bytes(draws.between(1, 100))]));
  if (how === 'cut short') writeFileSync(path, bytes.subarray(0, draws.below(bytes.length)));
  if (how === 'flip') {
    const at = draws.below(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << draws.below(8));
    writeFileSync(path, bytes);
  }
}

/** The same index once more, under a name of its own: encrypted anew. */
async function doubleIndex(folder: string, { key }: Repository, file: string): Promise<Harm> {
  const backend = folderBackend(folder);
  const name = file.slice('index/'.length);
  const plaintext = await loadUnpacked(backend, key, { type: 'index', name });
  await saveUnpacked(backend, key, { type: 'index', plaintext, compress: true });
  return { kind: 'index', file, how: 'doubled' };
}

function drawFile(folder: string, kind: FileKind, draws: Draws): string {
  const files = filesOf(folder, kind);
  const file = files[draws.below(files.length)];
  if (file === undefined) throw new Error(`no file of the kind ${kind}`);
  return file;
}

export function filesOf(folder: string, kind: FileKind): readonly string[] {
  if (kind === 'config') return ['config'];
  const names = readdirSync(join(folder, kind), { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => /[0-9a-f]{64}$/.test(name))
    .map((name) => join(kind, name))
    .sort();
}
