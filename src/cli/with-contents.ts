import type { Site } from '../config/site.ts';
import type { Facts, GuestSnapshot, RepositoryFacts } from '../plan/facts.ts';
import { wantedSnapshots } from '../plan/wanted-snapshots.ts';
import type { GuestContents } from '../pve/guest-contents.ts';
import { readSnapshot } from '../repository/read-snapshots.ts';
import { type Repository, withReader } from '../repository/repository.ts';
import type { BlobSource } from '../repository/store.ts';
import { readGuestContents } from '../snapshot/guest-contents.ts';
import { UserError } from '../user-error.ts';

/**
 * Facts with what the snapshots that restores may take now say of their guests. What is damaged stays unknown, and the
 * restore itself says so.
 * @param restoreNames intents that are named
 */
export async function withContents(
  facts: Facts,
  site: Pick<Site, 'restores'>,
  options: {
    readonly repositories: ReadonlyMap<string, Repository>;
    readonly restoreNames: readonly string[];
  },
): Promise<Facts> {
  const wanted = wantedSnapshots(site, facts, options.restoreNames);
  const looked = await Promise.all(
    [...facts.repositories].map(async ([name, known]): Promise<[string, RepositoryFacts]> => {
      const snapshots = wanted.get(name) ?? [];
      const repository = options.repositories.get(name);
      if (snapshots.length === 0 || repository === undefined) return [name, known];
      return [name, { ...known, contents: await contentsOf(snapshots, repository) }];
    }),
  );
  return { ...facts, repositories: new Map(looked) };
}

/** Of the form of the texts: what an earlier version has cached is read again. */
const FORM = '2';
const READ_AT_ONCE = 16;
/** Stands in the cache for a snapshot that says nothing. */
const NOTHING = '';

/** Those that were read before come from the cache on this machine, as snapshots never change. */
async function contentsOf(
  snapshots: readonly GuestSnapshot[],
  repository: Repository,
): Promise<ReadonlyMap<string, GuestContents>> {
  const cache = repository.cache('contents');
  const cached = await cache.load();
  const texts = new Map(
    snapshots.flatMap(({ id }) => {
      const text = cached.get(`${FORM} ${id}`);
      return text === undefined ? [] : [[id, text] as const];
    }),
  );
  const missing = snapshots.filter(({ id }) => !texts.has(id));
  if (missing.length > 0) {
    await withReader(repository, async (reader) => {
      for (let at = 0; at < missing.length; at += READ_AT_ONCE) {
        const batch = missing.slice(at, at + READ_AT_ONCE);
        const read = await Promise.all(
          batch.map((one) => unlessDamaged(() => readText(reader, one, repository))),
        );
        for (const [i, text] of read.entries()) {
          const id = batch[i]?.id;
          if (id !== undefined && text !== undefined) texts.set(id, text);
        }
      }
    });
    await cache.save(new Map([...texts].map(([id, text]) => [`${FORM} ${id}`, text])));
  }
  return new Map([...texts].flatMap(([id, text]) => (text === NOTHING ? [] : [[id, parse(text)] as const])));
}

async function readText(
  reader: BlobSource,
  { id, guest }: GuestSnapshot,
  repository: Repository,
): Promise<string> {
  const { tree } = await readSnapshot(repository, id);
  const contents = await readGuestContents(reader, { tree, guest });
  return contents === undefined ? NOTHING : JSON.stringify(contents);
}

/** What was written here, and could not be changed without the repository's key. */
function parse(text: string): GuestContents {
  return JSON.parse(text);
}

async function unlessDamaged<Result>(read: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof UserError && ['repository-damaged', 'snapshot-not-found'].includes(error.code))
      return undefined;
    throw error;
  }
}
