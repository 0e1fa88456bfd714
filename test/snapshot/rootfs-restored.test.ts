import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withSession } from '../../src/repository/repository.ts';
import type { StoredNode } from '../../src/repository/tree-parser.ts';
import { findNode } from '../../src/snapshot/snapshot-files.ts';
import { DumpedFiles } from '../apply/dumped-file.ts';
import { makeEveryKind, PROXMOX_TAR_FLAGS } from './every-kind.ts';
import { listTree } from './listed-tree.ts';

const run = promisify(execFile);
const FIXTURE = join(import.meta.dirname, '../fixtures/tar/ct-205-mountpoints.tar.gz');

let dumped: DumpedFiles;
beforeAll(async () => {
  dumped = await DumpedFiles.start();
});
afterAll(() => dumped[Symbol.asyncDispose]());

describe('what restic restores of a container’s files is what tar makes of its archive', () => {
  it('with one of every kind of file, and a mount point that comes twice', async () => {
    const folder = join(dumped.folder, 'every-kind');
    await mkdir(join(folder, 'etc/vzdump'), { recursive: true });
    await writeFile(join(folder, 'etc/vzdump/pct.conf'), 'hostname: old\n');
    await makeEveryKind(folder);
    const configs = join(dumped.folder, 'configs');
    await mkdir(join(configs, 'etc/vzdump'), { recursive: true });
    await writeFile(join(configs, 'etc/vzdump/pct.conf'), 'hostname: new\n');
    await writeFile(join(configs, 'etc/vzdump/pct.fw'), '');
    const tar = join(dumped.folder, 'every-kind.tar');
    await run('tar', [
      ...['--create', `--file=${tar}`, ...PROXMOX_TAR_FLAGS, '--one-file-system'],
      ...[`--directory=${configs}`, './etc/vzdump/pct.conf', './etc/vzdump/pct.fw'],
      ...[`--directory=${folder}`, './', './data', './sub'],
    ]);
    await expectSame(tar, `cat '${tar}'`);
  });

  it('with a container that vzdump sent', async () => {
    const tar = join(dumped.folder, 'ct-205.tar');
    await run('bash', ['-c', `gzip -dc '${FIXTURE}' > '${tar}'`]);
    await expectSame(tar, `gzip -dc '${FIXTURE}'`);
  });

  it('and its nodes are those that restic’s own backup makes of the same files', async () => {
    const folder = join(dumped.folder, 'for-restic');
    await mkdir(folder);
    await makeEveryKind(folder);
    const report = await dumped.backUp(
      { type: 'lxc', vmid: 106 },
      `cd '${folder}' && ${TAR} --create --file=- ./`,
    );
    const [own] =
      (await dumped.restic('backup', '--json', folder)).toString().match(/[0-9a-f]{8,64}(?="}\n$)/) ?? [];
    const [listed] = JSON.parse((await dumped.restic('snapshots', '--json', own ?? '')).toString());
    const ours = await nodesOf(report.snapshot, 'lxc/106/rootfs');
    expect(ours.size).toBeGreaterThan(40);
    expect(ours).toEqual(await nodesOf(listed.id, folder.slice(1)));
  });

  it('and restic finds no fault', async () => {
    expect((await dumped.restic('check', '--read-data')).toString()).toContain('no errors were found');
  });
});

const TAR = `tar ${PROXMOX_TAR_FLAGS.join(' ')}`;

/** What a tree says of each file, but for what depends on where the file is, and how its content was cut. */
function nodesOf(snapshot: string, folder: string): Promise<ReadonlyMap<string, unknown>> {
  return withSession(dumped.repository, { lock: 'shared' }, async ({ reader, readSnapshot }) => {
    const root = await findNode(reader, (await readSnapshot(snapshot)).tree, folder);
    const found = new Map<string, unknown>();
    const list = async (node: StoredNode, path: string): Promise<void> => {
      found.set(path, comparable(node));
      const nodes = node.subtree === undefined ? [] : await reader.readTree(node.subtree);
      for (const child of nodes) await list(child, `${path}/${Buffer.from(child.name).toString('latin1')}`);
    };
    if (root !== undefined) await list(root, '');
    return found;
  });
}

const OF_THE_PLACE = new Set([
  'name',
  'atime',
  'ctime',
  'user',
  'group',
  'inode',
  'device_id',
  'content',
  'subtree',
]);

/** The fields in their order. restic sorts no attributes, and does not count the names of a pipe. */
function comparable({ type, fields }: StoredNode): readonly unknown[] {
  return Object.entries(fields)
    .filter(([name]) => !OF_THE_PLACE.has(name) && !(type === 'fifo' && name === 'links'))
    .map(([name, value]) => {
      if (name === 'mtime') return [name, Date.parse(String(value))];
      return [name, Array.isArray(value) ? value.map((one) => JSON.stringify(one)).sort() : value];
    });
}

/** Folders that no member describes bear no time in our tree, and the time of extraction in tar's. */
const IMPLIED = new Set(['etc/vzdump']);

async function expectSame(tar: string, send: string): Promise<void> {
  const extracted = `${tar}.extracted`;
  await mkdir(extracted);
  await run('tar', ['--extract', `--file=${tar}`, `--directory=${extracted}`, ...PROXMOX_TAR_FLAGS]);
  const report = await dumped.backUp({ type: 'lxc', vmid: 105 }, send);
  expect(report.warnings).toEqual([]);
  const restored = join(await dumped.resticRestore(report.snapshot), 'lxc/105/rootfs');
  const [expected, actual] = await Promise.all([listTree(extracted), listTree(restored)]);
  const comparable = (lines: ReadonlyMap<string, string>) =>
    [...lines].filter(([path]) => !IMPLIED.has(path)).map(([path, line]) => `${path}: ${line}`);
  expect(expected.size).toBeGreaterThan(40);
  expect(comparable(actual)).toEqual(comparable(expected));
  const sent = await dumped.restic('dump', report.snapshot, '/lxc/105/archive/vzdump-lxc-105.tar');
  const { stdout } = await run('sha256sum', [tar]);
  expect(stdout).toContain(createHash('sha256').update(sent).digest('hex'));
}
