import { readFileContent } from '../../browse/file-content.ts';
import { folderTar, type LeftOut } from '../../browse/folder-tar.ts';
import { joinPieces } from '../../browse/joined-pieces.ts';
import { type Located, locate } from '../../browse/locate.ts';
import { nameText } from '../../browse/name-text.ts';
import { nodeFacts } from '../../browse/node-facts.ts';
import { checkTarget, writeTarget } from '../../browse/write-target.ts';
import { writeToStream } from '../../browse/write-to-stream.ts';
import type { RepositorySession } from '../../repository/repository.ts';
import type { Snapshot } from '../../repository/snapshot-file.ts';
import type { StoredNode } from '../../repository/tree-parser.ts';
import type { ContentPiece } from '../../snapshot/snapshot-files.ts';
import { UserError } from '../../user-error.ts';
import { CLOSED_PIPE_STATUS, type SnapshotChoice, withSnapshot } from '../browse-session.ts';
import { EXIT_STATUS } from '../exit-status.ts';
import type { Surroundings } from '../surroundings.ts';
import { DumpProgress } from '../view/dump-progress.ts';
import { count } from '../view/quantities.ts';

export interface DumpOptions extends SnapshotChoice {
  readonly path: string;
  /** A file; by default standard output. */
  readonly target: string | undefined;
  readonly force: boolean;
}

/**
 * Writes a file, or a folder as a tar. What goes to a target is proved before it gets its name; on standard output the last byte may
 * come before the proof fails, and then the exit status says so.
 */
export async function dumpCommand(options: DumpOptions, surroundings: Surroundings): Promise<number> {
  const { target } = options;
  if (options.force && target === undefined)
    throw new UserError('usage', '--force goes with --target', { hint: 'leave it out' });
  if (target !== undefined) await checkTarget(target, { overwrite: options.force });
  return withSnapshot(options, surroundings, async (session, { snapshot }) => {
    const located = await locate(session.reader, snapshot, options.path);
    const leftOut: LeftOut[] = [];
    const pieces = contentOf(session, { snapshot, located, leftOut });
    const outcome =
      target === undefined
        ? await toStandardOutput(pieces, { located, session, surroundings })
        : await toTarget(pieces, { target, force: options.force, located, session, surroundings });
    surroundings.stderr.write(leftOutText(leftOut));
    return outcome === 'closed' ? CLOSED_PIPE_STATUS : EXIT_STATUS.done;
  });
}

function contentOf(
  { reader }: RepositorySession,
  {
    snapshot,
    located,
    leftOut,
  }: { readonly snapshot: Snapshot; readonly located: Located; readonly leftOut: LeftOut[] },
): AsyncGenerator<Uint8Array> {
  const { path, node, tree } = located;
  if (tree !== undefined) return joinPieces(folderTar(reader, located, (one) => leftOut.push(one)));
  if (node?.type !== 'file') throw nothingToDump(path, node);
  return bytesOf(readFileContent(reader, snapshot, { path, node }));
}

async function* bytesOf(pieces: AsyncIterable<ContentPiece>): AsyncGenerator<Uint8Array> {
  for await (const { bytes } of pieces) yield bytes;
}

function nothingToDump(path: Uint8Array, node: StoredNode | undefined): UserError {
  const facts = node === undefined ? undefined : nodeFacts(node);
  const what =
    facts?.type === 'symlink'
      ? `a link to ${nameText(facts.linkTarget)}`
      : `neither a file nor a folder, but ${facts?.type ?? 'nothing'}`;
  return new UserError('usage', `${nameText(path)} is ${what}; it has no content`, {
    hint: 'dump what it leads to, or its folder as a tar',
  });
}

interface Dumping {
  readonly located: Located;
  readonly session: RepositorySession;
  readonly surroundings: Surroundings;
}

function toStandardOutput(
  pieces: AsyncIterable<Uint8Array>,
  { located, session: { signal }, surroundings: { stdout } }: Dumping,
): Promise<'written' | 'closed'> {
  const shown = stdout.isTTY ? onlyText(pieces, located) : pieces;
  return writeToStream(stdout, shown, { signal });
}

/** What a terminal could obey is kept from it. */
async function* onlyText(
  pieces: AsyncIterable<Uint8Array>,
  { path, tree }: Located,
): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    if (tree !== undefined || CONTROLS.test(Buffer.from(piece).toString('latin1')))
      throw new UserError('usage', `${nameText(path)} is no text for a terminal`, {
        hint: `give --target ${tree === undefined ? 'FILE' : 'FILE.tar'}, or send it on: | less, | tar -t, > FILE`,
      });
    yield piece;
  }
}

/** Control characters but tab, line feed and carriage return, as bytes; the last ones are those of C1 in UTF-8. */
const CONTROLS = /(?![\t\n\r])[\p{Cc}--[\x80-\x9f]]|\xc2[\x80-\x9f]/v;

async function toTarget(
  pieces: AsyncIterable<Uint8Array>,
  {
    target,
    force,
    located: { node, tree },
    session: { signal },
    surroundings,
  }: Dumping & { readonly target: string; readonly force: boolean },
): Promise<'written'> {
  const progress = new DumpProgress(surroundings, tree === undefined ? node?.size : undefined);
  const onProgress = (bytes: number) => progress.show(bytes);
  try {
    await writeTarget(target, pieces, { overwrite: force, onProgress, signal });
  } finally {
    progress.end();
  }
  return 'written';
}

function leftOutText(leftOut: readonly LeftOut[]): string {
  if (leftOut.length === 0) return '';
  const shown = leftOut.slice(0, 10).map(({ path, type }) => `  ${nameText(path)} (${type})\n`);
  const more = leftOut.length > shown.length ? `  and ${leftOut.length - shown.length} more\n` : '';
  return `left out, as a tar cannot hold them: ${count(leftOut.length, 'file')}\n${shown.join('')}${more}`;
}
