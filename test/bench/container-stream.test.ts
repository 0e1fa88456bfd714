import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProgram } from '../lab/run-program.ts';
import { contentOf, pathOf, writeContainerStream } from './container-stream.ts';
import { type ContentPool, makePool } from './content-pool.ts';

const plan = { files: 700, least: 0, most: 5000, seed: 'a' };
let folder: string;
let pool: ContentPool;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pvebak-bench-test-'));
  pool = makePool(join(folder, 'pool'), { folder: import.meta.dirname, bytes: 1 << 20, seed: 'a' });
  writeContainerStream(join(folder, 'made.tar'), plan, { pool, readAfter: 0 });
  writeContainerStream(join(folder, 'read.tar'), plan, { pool, readAfter: 86_400 });
});

afterAll(() => {
  pool[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});

describe('the tar of a container', () => {
  it('is one for GNU tar, with the configuration first and every file', () => {
    const names = runProgram('tar', ['-tf', join(folder, 'made.tar')])
      .trim()
      .split('\n');
    expect(names.slice(0, 3)).toEqual(['./etc/vzdump/pct.conf', './etc/vzdump/pct.fw', './']);
    expect(names.filter((name) => name.endsWith('.dat'))).toEqual(
      Array.from({ length: 700 }, (_, file) => `./${pathOf(file)}`),
    );
  });

  it.each([0, 1, 2, 501, 699])('holds file %i as planned', (file) => {
    runProgram('tar', ['-xf', join(folder, 'made.tar'), '-C', folder, `./${pathOf(file)}`]);
    expect(readFileSync(join(folder, pathOf(file)))).toEqual(Buffer.from(contentOf(plan, file, pool)));
  });

  it('after nothing but reading differs in the times of access alone', () => {
    const [made, read] = ['made.tar', 'read.tar'].map((name) =>
      readFileSync(join(folder, name)).toString('latin1'),
    );
    expect(read).not.toBe(made);
    const timeless = (text: string | undefined) =>
      text?.replaceAll(/atime=\d+/g, 'atime=').replaceAll(/\d{6}\0 (?=x)/g, '');
    expect(timeless(read)).toBe(timeless(made));
  });
});
