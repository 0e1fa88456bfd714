import { inPages } from '../../browse/in-pages.ts';
import { joinPath, type Located, locate } from '../../browse/locate.ts';
import type { SizedBlobs } from '../../browse/sized-blobs.ts';
import { type Walked, walkTree } from '../../browse/walk-tree.ts';
import { writeToStream } from '../../browse/write-to-stream.ts';
import { CLOSED_PIPE_STATUS, type SnapshotChoice, withSnapshot } from '../browse-session.ts';
import { EXIT_STATUS } from '../exit-status.ts';
import type { Surroundings } from '../surroundings.ts';
import { jsonLine, nodeJson } from '../view/ls-json.ts';
import { listedMoment, lsLines } from '../view/ls-lines.ts';

export interface LsOptions extends SnapshotChoice {
  /** By default the guest's folder. */
  readonly path: string | undefined;
  readonly recursive: boolean;
  readonly json: boolean;
}

/** Lists a folder, or a single file. */
export function lsCommand(options: LsOptions, surroundings: Surroundings): Promise<number> {
  return withSnapshot(options, surroundings, async ({ reader, signal }, { snapshot }) => {
    const located = await locate(reader, snapshot, options.path ?? '');
    const text = listing(pages(reader, located, options), located, { ...options, ...surroundings });
    const outcome = await writeToStream(surroundings.stdout, text, { signal });
    return outcome === 'closed' ? CLOSED_PIPE_STATUS : EXIT_STATUS.done;
  });
}

/** A folder is one page, so that its columns agree; all that is below it comes in many. */
async function* pages(
  reader: SizedBlobs,
  { path, node, tree }: Located,
  { recursive }: Pick<LsOptions, 'recursive'>,
): AsyncGenerator<readonly Walked[]> {
  if (tree === undefined) {
    if (node !== undefined) yield [{ path, node }];
  } else if (recursive) yield* inPages(walkTree(reader, tree, path));
  else
    yield (await reader.readTree(tree)).map((child) => ({ path: joinPath(path, child.name), node: child }));
}

async function* listing(
  pagesOf: AsyncIterable<readonly Walked[]>,
  { tree }: Located,
  { json, recursive, timeZone }: Pick<LsOptions, 'json' | 'recursive'> & Pick<Surroundings, 'timeZone'>,
): AsyncGenerator<string> {
  const moment = listedMoment(timeZone);
  const shown = recursive || tree === undefined ? 'paths' : 'names';
  for await (const page of pagesOf) {
    const lines = json ? page.map((walked) => jsonLine(nodeJson(walked))) : lsLines(page, { moment, shown });
    yield lines.join('');
  }
}
