/** The contents of a VM's disk, as a raw file. */

import { spawnSync } from 'node:child_process';
import { createCipheriv, createHash } from 'node:crypto';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runProgram } from './run-program.ts';

export type DiskContent =
  | { readonly kind: 'zeros' }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** Incompressible bytes at the start of the disk, the same for the same seed; the rest is zeros. */
  | { readonly kind: 'random'; readonly bytes: number; readonly seed?: string }
  /** An ext4 file system without partition table, with the folder's files in it. */
  | { readonly kind: 'folder'; readonly path: string };

/** @param sizeBytes of the disk; the file is sparse where there is nothing */
export function makeDisk(file: string, sizeBytes: number, content: DiskContent): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content.kind === 'bytes' ? content.bytes : '');
  if (content.kind === 'random') writeRandom(file, content);
  truncateSync(file, sizeBytes);
  if (content.kind === 'folder') {
    runProgram('mke2fs', [
      '-q',
      '-F',
      '-t',
      'ext4',
      '-d',
      content.path,
      '-E',
      'lazy_itable_init=1,nodiscard',
      '-U',
      uuidFor(file),
      file,
    ]);
  }
}

/** The bytes that a disk with random content begins with. */
export function randomBytesOf(length: number, seed: string): Buffer {
  const key = createHash('md5').update(seed).digest();
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length));
}

/** Puts a file into the ext4 file system of a disk, so that only a few blocks change. */
export function writeFileInDisk(disk: string, path: string, content: Uint8Array | string): void {
  const folder = mkdtempSync(join(tmpdir(), 'pvebak-disk-'));
  writeFileSync(`${folder}/content`, content);
  try {
    debugfs(disk, [`rm ${path}`, `write ${folder}/content ${path}`]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @throws when the file system has no such file */
export function readFileInDisk(disk: string, path: string): Buffer {
  const { stdout, stderr } = spawnSync('debugfs', ['-R', `cat ${path}`, disk], { maxBuffer: 1 << 30 });
  if (String(stderr).includes('File not found')) throw new Error(`no ${path} in ${disk}`);
  return stdout;
}

function debugfs(disk: string, commands: readonly string[]): void {
  runProgram('debugfs', ['-w', '-f', '-', disk], commands.map((command) => `${command}\n`).join(''));
}

/** Written in pieces, so that large disks need little memory. */
function writeRandom(
  file: string,
  { bytes, seed = file }: { readonly bytes: number; readonly seed?: string },
): void {
  const fd = openSync(file, 'r+');
  for (let at = 0; at < bytes; at += PIECE) {
    writeSync(fd, randomBytesOf(Math.min(PIECE, bytes - at), `${seed} ${at}`), 0, undefined, at);
  }
  closeSync(fd);
}

const PIECE = 1 << 20;

function uuidFor(text: string): string {
  return createHash('md5')
    .update(text)
    .digest('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
