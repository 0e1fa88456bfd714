import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, stat, statfs, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Backend, FileName, ListedType, StoredFile } from './backend.ts';
import { damaged } from './damaged-error.ts';
import { OpenFiles } from './open-files.ts';
import { unreadable, unwritable } from './storage-error.ts';
import { sweepFolder } from './sweep-folder.ts';
import { writeDirect } from './write-direct.ts';
import { writeNewFile } from './write-whole.ts';

const FOLDERS: readonly ListedType[] = ['keys', 'data', 'index', 'snapshots', 'locks'];

/**
 * A repository in a folder, laid out as restic does (design document, "Repository Layout"): `data` in 256
 * subfolders by the first two digits. A file is written under a temporary name beside its place, synced,
 * renamed, and its folder synced. Files are 0600, folders 0700.
 */
export function folderBackend(folder: string): Backend {
  const pathOf = (file: FileName) => join(folder, ...partsOf(file));
  const packs = new OpenFiles();
  return {
    where: folder,
    create: () => createFolders(folder),
    names: async (type) => (type === 'data' ? namesOfData(join(folder, type)) : namesOf(join(folder, type))),
    list: async (type) => (type === 'data' ? listData(join(folder, type)) : listFolder(join(folder, type))),
    save: (file, bytes) => saveDurably(pathOf(file), bytes),
    load: async (file, range) => {
      const path = pathOf(file);
      const bytes =
        range === undefined
          ? await loadFile(path)
          : await reading(path, () => packs.read(path, range.offset, range.length));
      if (bytes === undefined) throw damaged(partsOf(file).join('/'), 'the file is missing');
      if (range !== undefined && bytes.length !== range.length)
        throw damaged(partsOf(file).join('/'), `the file ends before offset ${range.offset + range.length}`);
      return bytes;
    },
    loadIfPresent: (file) => loadFile(pathOf(file)),
    remove: (file) => removeFile(pathOf(file)),
    sweep: (before) => sweepAll(folder, before),
  };
}

function partsOf(file: FileName): readonly string[] {
  if (file.type === 'config') return ['config'];
  return file.type === 'data' ? ['data', file.name.slice(0, 2), file.name] : [file.type, file.name];
}

async function createFolders(folder: string): Promise<void> {
  await changing('write', folder, async () => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const name of FOLDERS) await mkdir(join(folder, name), { recursive: true, mode: 0o700 });
    for (let i = 0; i < 256; i++)
      await mkdir(join(folder, 'data', i.toString(16).padStart(2, '0')), { recursive: true, mode: 0o700 });
    await syncFolder(folder);
  });
}

async function listData(folder: string): Promise<readonly StoredFile[]> {
  return (await Promise.all((await foldersOfData(folder)).map(listFolder))).flat();
}

async function namesOfData(folder: string): Promise<readonly string[]> {
  return (await Promise.all((await foldersOfData(folder)).map(namesOf))).flat();
}

async function foldersOfData(folder: string): Promise<readonly string[]> {
  const names = await namesIn(folder);
  return names.filter((name) => /^[0-9a-f]{2}$/.test(name)).map((name) => join(folder, name));
}

async function listFolder(folder: string): Promise<readonly StoredFile[]> {
  const names = await namesOf(folder);
  const files = await Promise.all(
    names.map(async (name) => ({ name, size: await sizeOf(join(folder, name)) })),
  );
  return files.filter((file): file is StoredFile => file.size !== undefined);
}

async function namesOf(folder: string): Promise<readonly string[]> {
  return (await namesIn(folder)).filter((name) => /^[0-9a-f]{64}$/.test(name)).sort();
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return (await reading(folder, () => readdir(folder))) ?? [];
}

async function sizeOf(path: string): Promise<number | undefined> {
  return (await reading(path, () => stat(path)))?.size;
}

async function loadFile(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  return await reading(path, async () => {
    const bytes = await readFile(path);
    return bytes.buffer.byteLength === bytes.length ? new Uint8Array(bytes.buffer) : Uint8Array.from(bytes);
  });
}

async function reading<T>(path: string, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await absentAsUndefined(work());
  } catch (cause) {
    throw unreadable(path, errorCode(cause) ?? String(cause), cause);
  }
}

async function saveDurably(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}-tmp-${randomBytes(4).toString('hex')}`;
  await changing('write', path, async () => {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    try {
      if (!(await writeDirect(temporary, bytes))) await writeNewFile(temporary, bytes);
      await rename(temporary, path);
    } catch (cause) {
      await unlink(temporary).catch(() => undefined);
      throw cause;
    }
    await syncFolder(dirname(path));
  });
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function removeFile(path: string): Promise<void> {
  await changing('remove', path, async () => {
    await absentAsUndefined(unlink(path));
    await absentAsUndefined(syncFolder(dirname(path)));
  });
}

async function sweepAll(folder: string, before: number): Promise<number> {
  const folders = [
    folder,
    ...FOLDERS.map((name) => join(folder, name)),
    ...(await foldersOfData(join(folder, 'data'))),
  ];
  let bytes = 0;
  for (const each of folders)
    await changing('remove', each, async () => {
      bytes += (await absentAsUndefined(sweepFolder(each, before))) ?? 0;
    });
  return bytes;
}

async function changing(deed: 'write' | 'remove', path: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    throw unwritable(
      path,
      { deed, why: errorCode(cause) ?? String(cause), free: await freeBytes(path) },
      cause,
    );
  }
}

/** On the file system of a path, or of the nearest folder above it that is there; undefined when it does not say. */
async function freeBytes(path: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  } catch {
    return dirname(path) === path ? undefined : freeBytes(dirname(path));
  }
}

async function absentAsUndefined<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
