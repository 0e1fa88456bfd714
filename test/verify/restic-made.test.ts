import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { noise } from '../repository/noise.ts';
import { resticOk } from '../repository/restic.ts';
import { openFolder, PASSWORD, quickenKey, temporaryFolder } from '../repository/sample-repository.ts';
import { verified, wholeOnes } from './verified-repository.ts';

async function filesToBackUp(folder: string): Promise<string> {
  const files = join(folder, 'files');
  await mkdir(join(files, 'deep', 'er'), { recursive: true });
  await writeFile(join(files, 'empty'), '');
  await writeFile(join(files, 'large'), noise(3_000_000, 1));
  await writeFile(join(files, 'deep', 'er', 'text'), 'text '.repeat(10_000));
  await symlink('large', join(files, 'link'));
  return files;
}

describe('a repository that restic made', () => {
  it.each(['1', '2'])('in version %s, tagged and pruned, is found whole', async (version) => {
    const folder = await temporaryFolder();
    const repository = { folder: join(folder, 'repository'), password: PASSWORD };
    const files = await filesToBackUp(folder);
    await resticOk(repository, 'init', '--repository-version', version);
    await quickenKey(await openFolder(repository.folder));
    await resticOk(repository, 'backup', files);
    await writeFile(join(files, 'deep', 'new'), noise(200_000, 2));
    await resticOk(repository, 'backup', files);
    await resticOk(repository, 'tag', '--add', 'seen');
    await resticOk(repository, 'forget', '--keep-last', '1', '--prune');
    const report = await verified(repository.folder, { password: PASSWORD });
    expect(report.faults).toEqual([]);
    expect(wholeOnes(report).size).toBe(1);
    expect(report.snapshots.map(({ name }) => name.subject)).toEqual([{ kind: 'other', paths: [files] }]);
    expect(report.snapshots[0]?.name.original).toMatch(/^[0-9a-f]{64}$/);
    expect(report.counts.readPacks).toBe(report.counts.packs);
  });
});
