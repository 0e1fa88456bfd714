/** Memory of the index of a repository with one TiB of unique data in chunks of 1 MiB. */
import { join } from 'node:path';
import { type BenchContext, runChild, workFolder } from './bench-context.ts';
import type { IndexFigures } from './index-memory.ts';
import { atMost, mib, type Section } from './report.ts';

const BLOBS = 2 ** 20;
const BAR_MIB = 100;

export async function indexSection(context: BenchContext): Promise<Section> {
  using folder = workFolder(context, 'index');
  const repository = join(folder.path, 'repository');
  context.say(`an index of ${BLOBS} blobs`);
  await runChild('index-memory.ts', { args: ['make', repository, String(BLOBS)] });
  const { figures, run } = await runChild<IndexFigures>('index-memory.ts', {
    args: ['load', repository],
    node: ['--expose-gc'],
  });
  return {
    name: 'index',
    tables: [
      {
        title: 'The index of 1 TiB of unique data, chunks of 1 MiB',
        columns: ['', 'blobs', 'load s', 'processor s', 'used MiB', 'resident MiB', 'peak MiB'],
        rows: [
          [
            'loaded',
            String(figures.blobs),
            figures.seconds,
            run.cpu,
            mib(figures.used),
            mib(figures.resident),
            mib(run.peak),
          ],
        ],
        notes: [
          'used: heap and buffers after loading, less what was used before. resident: the same of the process. peak: of the whole process.',
        ],
      },
    ],
    verdicts: [atMost('index memory for each TiB', mib(figures.used), { bar: BAR_MIB, unit: ' MiB' })],
  };
}
