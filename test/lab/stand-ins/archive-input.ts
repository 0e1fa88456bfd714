/**
 * The bytes of an archive for qmrestore: standard input as it is, a file through the decompressor that its name asks for.
 */
import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { ToolError } from './tool-error.ts';

export interface ArchiveInput {
  /** The pipeline as qmrestore prints it. */
  readonly command: string;
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** @param file undefined: standard input. @throws ToolError when the name is not that of an archive of a VM */
export function openArchive(file: string | undefined): ArchiveInput {
  const tmp = `/var/tmp/vzdumptmp${process.pid}`;
  const extract = (from: string) => `vma extract -v -r ${tmp}.fifo ${from} ${tmp}`;
  if (file === undefined) return { command: extract('-'), chunks: process.stdin };
  const [, type, kind, suffix] =
    /^vzdump-(qemu|lxc|openvz)-.+\.(tgz|(?:vma|tar))(?:\.(gz|lzo|zst|bz2))?$/.exec(basename(file)) ?? [];
  if (type === undefined) throw new ToolError(`ERROR: couldn't determine archive info from '${file}'`);
  if (kind !== 'vma')
    throw new ToolError(`ERROR: file '${file}' does not look like a QemuServer vzdump backup`);
  if (suffix === undefined) return { command: extract(file), chunks: createReadStream(file) };
  const program = DECOMPRESSORS.get(suffix) ?? [];
  const child = spawn(program[0] ?? '', [...program.slice(1), file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return { command: `${program.join(' ')} ${file} | ${extract('-')}`, chunks: child.stdout };
}

const DECOMPRESSORS: ReadonlyMap<string, readonly string[]> = new Map([
  ['zst', ['zstd', '-q', '-d', '-c']],
  ['gz', ['zcat']],
  ['lzo', ['lzop', '-d', '-c']],
  ['bz2', ['bzcat']],
]);
