import type { Backend } from './backend.ts';
import { BlobIndex } from './blob-index.ts';
import type { MasterKey } from './encryption.ts';
import { parseIndexFile } from './index-file.ts';
import { loadUnpacked } from './unpacked-file.ts';

const READ_AT_ONCE = 4;

/**
 * Reads all index files into memory. Those that another one supersedes are left out, as restic does.
 * @throws UserError `repository-damaged` naming the index
 */
export async function loadIndex(backend: Backend, key: MasterKey): Promise<BlobIndex> {
  const names = (await backend.list('index')).map(({ name }) => name);
  const superseded = new Set<string>();
  const index = new BlobIndex();
  const load = async (name: string) =>
    parseIndexFile(await loadUnpacked(backend, key, { type: 'index', name }), name);
  const late: string[] = [];
  for (let at = 0; at < names.length; at += READ_AT_ONCE) {
    const batch = names.slice(at, at + READ_AT_ONCE);
    for (const [i, file] of (await Promise.all(batch.map(load))).entries()) {
      for (const id of file.supersedes) superseded.add(id);
      const name = batch[i];
      if (name !== undefined && superseded.has(name)) late.push(name);
      else for (const pack of file.packs) index.add(pack);
    }
  }
  return late.length === 0 && superseded.size === 0 ? index : withoutSuperseded(names, superseded, load);
}

/** Superseded files are rare: then all is read once more, without them. */
async function withoutSuperseded(
  names: readonly string[],
  superseded: ReadonlySet<string>,
  load: (name: string) => Promise<ReturnType<typeof parseIndexFile>>,
): Promise<BlobIndex> {
  const index = new BlobIndex();
  for (const name of names) {
    if (superseded.has(name)) continue;
    for (const pack of (await load(name)).packs) index.add(pack);
  }
  return index;
}
