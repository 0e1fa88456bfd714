import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withInspection } from '../../src/repository/inspection.ts';
import { toHex } from '../../src/repository/object-id.ts';
import { readSnapshot } from '../../src/repository/read-snapshots.ts';
import { withSession } from '../../src/repository/repository.ts';
import { findNode } from '../../src/snapshot/snapshot-files.ts';
import type { Reading } from '../../src/verify/reading.ts';
import type { VerifyReport } from '../../src/verify/verify-report.ts';
import { verifyRepository } from '../../src/verify/verify-repository.ts';
import { type DumpedFiles, PASSWORD } from '../apply/dumped-file.ts';
import { noise } from '../repository/noise.ts';
import { openFolder, saveFiles, temporaryFolder } from '../repository/sample-repository.ts';

const FINISHED = 'INFO: Backup job finished successfully';
const FIXTURES = join(import.meta.dirname, '../fixtures');

/** Snapshots by what they are of; each was made by a run of its own, so that each has packs and an index of its own. */
export interface Kept {
  readonly web: string;
  readonly mail: string;
  readonly container: string;
  /** Made by no guest. */
  readonly foreign: string;
}

/** A repository with two VMs, a container, and what another program has stored. */
export async function keepGuests(dumped: DumpedFiles): Promise<Kept> {
  const backUp = async (type: 'qemu' | 'lxc', vmid: number, send: string) =>
    (await dumped.backUp({ type, vmid }, send, { log: `INFO: of ${vmid}\n${FINISHED}` })).snapshot;
  // First the one with chunks of zeros, which the other one then shares.
  const mail = await backUp('qemu', 109, `cat '${FIXTURES}/vma/vm-109-two-disks.vma'`);
  return {
    web: await backUp('qemu', 101, `cat '${FIXTURES}/vma/tiny.vma'`),
    mail,
    container: await backUp('lxc', 205, `gzip -dc '${FIXTURES}/tar/ct-205-mountpoints.tar.gz'`),
    foreign: await keepForeign(dumped),
  };
}

function keepForeign({ repository }: DumpedFiles): Promise<string> {
  const facts = { paths: ['/home'], tags: [], hostname: 'laptop' };
  return withSession(repository, { lock: 'shared', threads: 1 }, async (session) => {
    const files = [{ name: 'notes', blobs: [noise(100_000, 7), noise(100_000, 8)] }];
    return (await saveFiles(session, files, facts)).id;
  });
}

/** A copy to be damaged; is gone when the test has ended. */
export async function copyOf(dumped: DumpedFiles): Promise<string> {
  const folder = join(await temporaryFolder(), 'repository');
  await cp(join(dumped.folder, 'repository'), folder, { recursive: true });
  return folder;
}

export interface VerifyChoice {
  readonly reading?: Reading;
  readonly ids?: readonly string[];
  readonly signal?: AbortSignal;
  readonly password?: string;
}

export async function verified(folder: string, choice: VerifyChoice = {}): Promise<VerifyReport> {
  const { reading = { kind: 'read-data' }, ids, signal = new AbortController().signal } = choice;
  const repository = await openFolder(folder, choice.password ?? PASSWORD);
  return withInspection(repository, { threads: 1, signal }, (inspection) =>
    verifyRepository(inspection, {
      ids: ids === undefined ? undefined : new Set(ids),
      reading,
      clock: Date.now,
      onProgress: () => undefined,
      recall: async () => undefined,
    }),
  );
}

/** Ids of the snapshots that are whole. */
export function wholeOnes({ snapshots }: VerifyReport): ReadonlySet<string> {
  return new Set(snapshots.filter(({ whole }) => whole).map(({ name }) => name.id));
}

/** The pack of the blob at a place of a file's list, and where in it the blob lies. */
export async function placeOfBlob(
  folder: string,
  {
    snapshot,
    path,
    place = 0,
  }: { readonly snapshot: string; readonly path: string; readonly place?: number },
): Promise<{ readonly file: string; readonly offset: number; readonly id: string }> {
  const repository = await openFolder(folder, PASSWORD);
  const { signal } = new AbortController();
  return withInspection(repository, { threads: 1, signal }, async ({ reader, indexes }) => {
    const node = await findNode(reader, (await readSnapshot(repository, snapshot)).tree, path);
    const id = node?.content.at(place);
    const found = id === undefined ? undefined : indexes.index.find(id, 'data');
    if (id === undefined || found === undefined) throw new Error(`no blob ${place} of ${path}`);
    return { file: `data/${found.pack.slice(0, 2)}/${found.pack}`, offset: found.offset, id: toHex(id) };
  });
}

/** The same of a folder's tree. */
export async function placeOfTree(
  folder: string,
  { snapshot, path }: { readonly snapshot: string; readonly path: string },
): Promise<{ readonly file: string; readonly offset: number; readonly id: string }> {
  const repository = await openFolder(folder, PASSWORD);
  const { signal } = new AbortController();
  return withInspection(repository, { threads: 1, signal }, async ({ reader, indexes }) => {
    const node = await findNode(reader, (await readSnapshot(repository, snapshot)).tree, path);
    const id = node?.subtree;
    const found = id === undefined ? undefined : indexes.index.find(id, 'tree');
    if (id === undefined || found === undefined) throw new Error(`no folder ${path}`);
    return { file: `data/${found.pack.slice(0, 2)}/${found.pack}`, offset: found.offset, id: toHex(id) };
  });
}

export async function flipBit(path: string, at: number): Promise<void> {
  const bytes = await readFile(path);
  const place = at < 0 ? bytes.length + at : at;
  bytes[place] = (bytes[place] ?? 0) ^ 1;
  await writeFile(path, bytes);
}

/** Files of one kind, by their paths in the repository. */
export async function filesOf(
  folder: string,
  type: 'keys' | 'index' | 'snapshots' | 'data',
): Promise<readonly string[]> {
  const names = await readdir(join(folder, type), { recursive: true });
  return names.filter((name) => /[0-9a-f]{64}$/.test(name)).map((name) => `${type}/${name}`);
}
