import { execFile } from 'node:child_process';
import { chmod, mkdir, readdir, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { folderBackend } from '../../src/repository/folder-backend.ts';
import { describeBackend } from './backend-contract.ts';
import { temporaryFolder } from './sample-repository.ts';
import { userErrorOf } from './user-error-of.ts';

describeBackend('a folder', async () => folderBackend(join(await temporaryFolder(), 'new', 'repository')));

const NAME = '0a'.repeat(32);

describe('a repository in a folder', () => {
  it("lies as restic's does, and nobody else may read it", async () => {
    const folder = join(await temporaryFolder(), 'repository');
    const backend = folderBackend(folder);
    await backend.create();
    await backend.save({ type: 'config' }, Buffer.from('x'));
    await backend.save({ type: 'data', name: NAME }, Buffer.from('x'));
    await backend.save({ type: 'keys', name: NAME }, Buffer.from('x'));
    expect((await readdir(folder)).sort()).toEqual(['config', 'data', 'index', 'keys', 'locks', 'snapshots']);
    expect(await readdir(join(folder, 'data'))).toHaveLength(256);
    const modes = await Promise.all(
      ['', 'data', 'data/0a', 'config', `data/0a/${NAME}`, `keys/${NAME}`].map(
        async (path) => (await stat(join(folder, path))).mode & 0o777,
      ),
    );
    expect(modes).toEqual([0o700, 0o700, 0o700, 0o600, 0o600, 0o600]);
  });

  it('makes a folder that somebody removed because it was empty', async () => {
    const backend = folderBackend(await temporaryFolder());
    await backend.save({ type: 'data', name: NAME }, Buffer.from('x'));
    expect(await backend.list('data')).toHaveLength(1);
  });

  it('lists nothing that is no file of a repository', async () => {
    const folder = await temporaryFolder();
    const backend = folderBackend(folder);
    await backend.create();
    await backend.save({ type: 'data', name: NAME }, Buffer.from('x'));
    const strangers = [
      `data/0a/${NAME}-tmp-12345678`,
      `data/0a/${NAME.toUpperCase()}`,
      'data/0a/README',
      `data/${NAME}`,
      'data/lost+found',
      'snapshots/.nfs0001',
      `snapshots/${NAME.slice(1)}`,
    ];
    for (const path of strangers) await writeFile(join(folder, path), 'x');
    await mkdir(join(folder, 'data', 'zz'));
    expect(await backend.list('data')).toEqual([{ name: NAME, size: 1 }]);
    expect(await backend.list('snapshots')).toEqual([]);
  });

  it('sweeps away what broken off saves left, but not what may be under way', async () => {
    const folder = await temporaryFolder();
    const backend = folderBackend(folder);
    await backend.create();
    await backend.save({ type: 'data', name: NAME }, Buffer.from('x'));
    const left = ['config-tmp-1', `data/0a/${NAME}-tmp-12345678`, `locks/${NAME}-tmp-12345678`];
    for (const path of [...left, `index/${NAME}-tmp-2`, 'data/0a/notes-tmp-3']) {
      await writeFile(join(folder, path), 'four');
      await utimes(join(folder, path), 1000, path.startsWith('index/') ? 3000 : 1000);
    }
    expect(await backend.sweep(2_000_000)).toBe(4 * left.length);
    expect(await readdir(join(folder, 'data/0a'))).toEqual([NAME, 'notes-tmp-3']);
    expect(await readdir(join(folder, 'index'))).toEqual([`${NAME}-tmp-2`]);
    expect(await readdir(join(folder, 'locks'))).toEqual([]);
  });

  it('keeps nothing of a file for which there is no room, and says so', async () => {
    const folder = await temporaryFolder();
    const program = join(import.meta.dirname, 'save-into-small-place.ts');
    const script = 'mount -t tmpfs -o size=1m none "$1" && exec "$2" --no-warnings "$3" "$1"';
    const { stdout } = await promisify(execFile)('unshare', [
      ...['--mount', 'sh', '-ec', script, 'sh'],
      ...[folder, process.execPath, program],
    ]);
    const { failure, left, after } = JSON.parse(stdout);
    expect(failure).toMatchObject({ code: 'repository-write' });
    expect(failure.message).toMatch(
      /^cannot write .*\/index\/f0f0[0f]*: no space is left on the device \(ENOSPC\), \d\.\d MiB are free$/,
    );
    expect(left).toEqual([NAME]);
    expect(after.map(({ size }: { size: number }) => size)).toEqual([1000, 1000]);
  });

  it('cannot be made where a file is in the way', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'file'), 'x');
    const backend = folderBackend(join(folder, 'file', 'repository'));
    const error = await userErrorOf(backend.create());
    expect(error).toMatchObject({ code: 'repository-write' });
    expect(error.message).toContain('ENOTDIR');
    expect(await backend.list('keys')).toEqual([]);
  });

  it('says which file cannot be read, and why', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'config'));
    const error = await userErrorOf(folderBackend(folder).loadIfPresent({ type: 'config' }));
    expect(error).toMatchObject({ code: 'repository-read' });
    expect(error.message).toBe(`cannot read ${join(folder, 'config')}: it is a folder (EISDIR)`);
  });

  it('tells a file that its disk does not give from one that is damaged, and says what to look at', async () => {
    const folder = await temporaryFolder();
    // The kernel answers with EIO when a process reads its own memory at the address 0.
    await symlink('/proc/self/mem', join(folder, 'config'));
    const error = await userErrorOf(folderBackend(folder).load({ type: 'config' }));
    expect(error).toMatchObject({
      code: 'repository-read',
      message: `cannot read ${join(folder, 'config')}: input/output error (EIO)`,
    });
    expect(error.hint).toContain('pvebak verify');
  });

  it('is not taken for empty where its folders may not be read', async () => {
    const folder = await temporaryFolder();
    await chmod(dirname(folder), 0o755);
    await folderBackend(folder).create();
    await chmod(folder, 0o755);
    const program = join(import.meta.dirname, 'list-as-somebody-else.ts');
    const { stdout } = await promisify(execFile)(process.execPath, ['--no-warnings', program, folder]);
    expect(JSON.parse(stdout)).toEqual({
      code: 'repository-read',
      message: `cannot read ${join(folder, 'snapshots')}: permission denied (EACCES)`,
    });
  });
});
