import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { decompressDump } from '../../src/apply/decompress-dump.ts';

async function* noDump(): AsyncGenerator<Uint8Array> {}

async function textOf(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const bytes of stream) pieces.push(bytes);
  return Buffer.concat(pieces).toString();
}

test('lzop sees the environment that it is given, and nothing of that of this process', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pvebak-lzop-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'lzop'), '#!/bin/sh\nexport -p\n', { mode: 0o755 });
  const seen = await textOf(decompressDump(noDump(), 'lzo', { PATH: folder, LANG: 'C' }));
  const names = [...seen.matchAll(/^export (\w+)=/gm)].map(([, name]) => name);
  // PWD is the shell's own.
  expect(names.filter((name) => name !== 'PWD')).toEqual(['LANG', 'PATH']);
});

test('without lzop says what to install', async () => {
  await expect(textOf(decompressDump(noDump(), '1', { PATH: '/nowhere' }))).rejects.toMatchObject({
    code: 'command-failed',
    hint: 'install lzop, or set another backup_compression',
  });
});
