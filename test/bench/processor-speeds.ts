/**
 * A process of its own: how fast one thread does each step of a backup with this data, as pvebak does it (zstd at its level, pieces
 * of 256 KiB). Argument: a stream. Prints `ProcessorSpeeds` as JSON.
 */
import { createCipheriv, hash, randomBytes } from 'node:crypto';
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { zstdCompressSync } from 'node:zlib';
import sodium from 'libsodium-wrappers-sumo';
import { zstdOptions } from '../../src/repository/blob-work.ts';

/** Bytes a second. */
export interface ProcessorSpeeds {
  readonly hash: number;
  /** Of what goes in. */
  readonly zstd: number;
  readonly cipher: number;
  readonly mac: number;
}

const PIECE = 256 << 10;
const SAMPLE = 192 << 20;

if (import.meta.main) {
  await sodium.ready;
  process.stdout.write(JSON.stringify(measure(piecesOf(process.argv[2] ?? ''))));
}

function measure(pieces: readonly Buffer[]): ProcessorSpeeds {
  const key = randomBytes(32);
  return {
    hash: speedOf(pieces, (piece) => hash('sha256', piece, 'buffer')),
    zstd: speedOf(pieces, (piece) => zstdCompressSync(piece, zstdOptions(piece.length))),
    cipher: speedOf(pieces, (piece) => createCipheriv('aes-256-ctr', key, key.subarray(16)).update(piece)),
    mac: speedOf(pieces, (piece) => sodium.crypto_onetimeauth(piece, key)),
  };
}

/** Once to warm up with a part of it, then all. */
function speedOf(pieces: readonly Buffer[], step: (piece: Buffer) => unknown): number {
  for (const piece of pieces.slice(0, 32)) step(piece);
  const started = process.hrtime.bigint();
  for (const piece of pieces) step(piece);
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  return pieces.reduce((sum, { length }) => sum + length, 0) / seconds;
}

function piecesOf(file: string): readonly Buffer[] {
  const count = Math.floor(Math.min(SAMPLE, statSync(file).size) / PIECE);
  const fd = openSync(file, 'r');
  const pieces = Array.from({ length: count }, (_, index) => {
    const piece = Buffer.alloc(PIECE);
    readSync(fd, piece, 0, PIECE, index * PIECE);
    return piece;
  });
  closeSync(fd);
  return pieces;
}
