import { link, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dataRanges, type TargetOptions, writeTarget } from '../../src/browse/write-target.ts';

let folder: string;
let target: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pvebak-target-'));
  target = join(folder, 'disk.raw');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function options(changed: Partial<TargetOptions> = {}): TargetOptions {
  return { overwrite: false, onProgress: () => undefined, signal: new AbortController().signal, ...changed };
}

async function* pieces(...all: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* all;
}

const data = Buffer.alloc(10_000, 'data');

describe('a file that is written whole or not at all', () => {
  it('holds the bytes, may be read by its owner only, and is sparse where they are zero', async () => {
    const zeros = Buffer.alloc(64 << 20);
    const progress: number[] = [];
    const onProgress = (bytes: number) => progress.push(bytes);
    await writeTarget(target, pieces(data, zeros, data, zeros), options({ onProgress }));
    const { mode, size, blocks } = await stat(target);
    expect(mode & 0o777).toBe(0o600);
    expect(size).toBe(2 * (data.length + zeros.length));
    expect(blocks * 512).toBeLessThan(1 << 20);
    expect(Buffer.concat([data, zeros, data, zeros]).equals(await readFile(target))).toBe(true);
    expect(progress.at(-1)).toBe(size);
    expect(await readdir(folder)).toEqual(['disk.raw']);
  });

  it('may be empty', async () => {
    await writeTarget(target, pieces(), options());
    expect((await stat(target)).size).toBe(0);
  });

  it('is not there when reading fails midway, and nothing else is', async () => {
    const broken = async function* () {
      yield data;
      throw new Error('a blob is damaged');
    };
    await expect(writeTarget(target, broken(), options())).rejects.toThrow('a blob is damaged');
    expect(await readdir(folder)).toEqual([]);
  });

  it('is not there after an interrupt, with the first cause', async () => {
    const controller = new AbortController();
    const interrupted = async function* () {
      yield data;
      controller.abort(new Error('interrupted'));
      yield data;
    };
    await expect(writeTarget(target, interrupted(), options({ signal: controller.signal }))).rejects.toThrow(
      'interrupted',
    );
    expect(await readdir(folder)).toEqual([]);
  });

  it('never takes the place of another one unasked', async () => {
    await writeFile(target, 'precious');
    await expect(writeTarget(target, pieces(data), options())).rejects.toMatchObject({
      code: 'restore-target',
      message: expect.stringContaining('is there already'),
    });
    expect(await readFile(target, 'utf8')).toBe('precious');
  });

  it('never takes the place of one that came meanwhile', async () => {
    const meanwhile = async function* () {
      await writeFile(target, 'precious');
      yield data;
    };
    await expect(writeTarget(target, meanwhile(), options())).rejects.toThrow('is there already');
    expect(await readFile(target, 'utf8')).toBe('precious');
    expect(await readdir(folder)).toEqual(['disk.raw']);
  });

  it('takes the place of another one when asked, and other names of that one keep it', async () => {
    await writeFile(target, 'precious');
    await link(target, join(folder, 'other'));
    await writeTarget(target, pieces(data), options({ overwrite: true }));
    expect(data.equals(await readFile(target))).toBe(true);
    expect(await readFile(join(folder, 'other'), 'utf8')).toBe('precious');
  });

  it.each([
    ['a folder', () => mkdir(target)],
    ['a link', () => symlink('/dev/null', target)],
  ])('never takes the place of %s, even when asked', async (_, make) => {
    await make();
    await expect(writeTarget(target, pieces(data), options({ overwrite: true }))).rejects.toThrow(
      'is no regular file',
    );
  });

  it('says which folder is not there', async () => {
    await expect(writeTarget(join(folder, 'no', 'disk.raw'), pieces(data), options())).rejects.toMatchObject({
      code: 'restore-target',
      message: expect.stringContaining('its folder is not there'),
    });
  });
});

describe('stretches that are not zero', () => {
  const block = (byte: number) => Buffer.alloc(4096, byte);
  it.each([
    ['nothing', Buffer.alloc(0), []],
    ['zeros', block(0), []],
    ['data', block(1), [{ start: 0, end: 4096 }]],
    [
      'zeros between',
      Buffer.concat([block(1), block(0), block(1)]),
      [
        { start: 0, end: 4096 },
        { start: 8192, end: 12288 },
      ],
    ],
    ['a last short block', Buffer.concat([block(0), Buffer.from('x')]), [{ start: 4096, end: 4097 }]],
  ])('of %s', (_, bytes, expected) => {
    expect([...dataRanges(bytes)]).toEqual(expected);
  });
});
