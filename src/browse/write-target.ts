import { randomBytes } from 'node:crypto';
import { type FileHandle, link, lstat, open, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isZeroRange } from '../formats/zero-range.ts';
import { writeWhole } from '../repository/write-whole.ts';
import { UserError } from '../user-error.ts';

export interface TargetOptions {
  /** Whether a file of that name may be replaced. */
  readonly overwrite: boolean;
  /** With the bytes so far, holes included. */
  readonly onProgress: (bytes: number) => void;
  readonly signal: AbortSignal;
}

/**
 * Writes a file whole or not at all: under another name beside it, made durable, then put in its place. Blocks of zeros become
 * holes. Mode 0600.
 * @throws UserError `restore-target` when the file is there already, is no regular file, or can't be written; and what reading throws
 */
export async function writeTarget(
  path: string,
  pieces: AsyncIterable<Uint8Array>,
  options: TargetOptions,
): Promise<void> {
  await checkTarget(path, options);
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(4).toString('hex')}.partial`);
  const handle = await writing(path, () => open(temporary, 'wx', 0o600));
  try {
    try {
      await writeSparse(path, { handle, pieces, options });
      await writing(path, () => handle.sync());
    } finally {
      await handle.close();
    }
    options.signal.throwIfAborted();
    await putInPlace(path, temporary, options);
  } finally {
    await unlink(temporary).catch(() => undefined);
  }
}

/** What can be refused before anything is read. @throws UserError `restore-target` */
export async function checkTarget(
  path: string,
  { overwrite }: Pick<TargetOptions, 'overwrite'>,
): Promise<void> {
  const there = await lstat(path).catch(() => undefined);
  if (there === undefined) return;
  if (!there.isFile())
    throw new UserError('restore-target', `${path} is there and is no regular file`, {
      hint: 'give another name; to write to a device, leave --target out and pipe into `dd of=DEVICE bs=1M`',
    });
  if (!overwrite) throw existsAlready(path);
}

const ZERO_BLOCK_BYTES = 4096;

async function writeSparse(
  path: string,
  work: {
    readonly handle: FileHandle;
    readonly pieces: AsyncIterable<Uint8Array>;
    readonly options: TargetOptions;
  },
): Promise<void> {
  const { handle, options } = work;
  let position = 0;
  for await (const piece of work.pieces) {
    options.signal.throwIfAborted();
    for (const { start, end } of dataRanges(piece))
      await writing(path, () => writeWhole(handle, piece.subarray(start, end), position + start));
    position += piece.length;
    options.onProgress(position);
  }
  await writing(path, () => handle.truncate(position));
}

/** The stretches that hold more than zeros, in whole blocks. */
export function* dataRanges(piece: Uint8Array): Generator<{ readonly start: number; readonly end: number }> {
  let start: number | undefined;
  for (let at = 0; at < piece.length; at += ZERO_BLOCK_BYTES) {
    const zero = isZeroRange(piece, at, Math.min(piece.length, at + ZERO_BLOCK_BYTES));
    if (zero && start !== undefined) {
      yield { start, end: at };
      start = undefined;
    } else if (!zero) start ??= at;
  }
  if (start !== undefined) yield { start, end: piece.length };
}

/** A new name never replaces a file that somebody else made meanwhile, where the file system has hard links. */
async function putInPlace(path: string, temporary: string, { overwrite }: TargetOptions): Promise<void> {
  if (!overwrite) {
    const linked = await link(temporary, path).then(
      () => undefined,
      (error: unknown) => codeOf(error) ?? 'unknown',
    );
    if (linked === undefined) return;
    if (linked === 'EEXIST') throw existsAlready(path);
  }
  await writing(path, () => rename(temporary, path));
}

function existsAlready(path: string): UserError {
  return new UserError('restore-target', `${path} is there already`, {
    hint: 'give another name, or --force to replace it',
  });
}

async function writing<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const code = codeOf(cause);
    const reason =
      code === 'ENOSPC'
        ? 'no space is left on the device'
        : code === 'ENOENT'
          ? 'its folder is not there'
          : (code ?? String(cause));
    throw new UserError('restore-target', `cannot write ${path}: ${reason}`, {
      hint: 'nothing was left behind; make room or name another place',
      cause,
    });
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
