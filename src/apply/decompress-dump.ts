import { spawn } from 'node:child_process';
import { pipeline, Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { UserError } from '../user-error.ts';
import type { RunFacts } from './node-job.ts';

/**
 * A dump as the archive it is: what `--compress` did on the node is undone on arrival. lzo takes the program `lzop`.
 * @throws UserError `stream-broken` when it can't be decompressed, `command-failed` when there is no lzop
 */
export function decompressDump(
  source: AsyncIterable<Uint8Array>,
  compression: '0' | '1' | 'lzo' | 'gzip' | 'zstd',
  environment: RunFacts['environment'],
): AsyncIterable<Uint8Array> {
  switch (compression) {
    case '0':
      return source;
    case 'gzip':
      return through(source, createGunzip());
    case 'zstd':
      return through(source, createZstdDecompress());
    case '1':
    case 'lzo':
      return throughLzop(source, environment);
  }
}

async function* through(
  source: AsyncIterable<Uint8Array>,
  decompressor: NodeJS.ReadWriteStream & AsyncIterable<unknown>,
): AsyncGenerator<Uint8Array> {
  let failure: unknown;
  pipeline(Readable.from(source), decompressor, (error) => {
    failure = error;
  });
  try {
    for await (const bytes of decompressor) if (bytes instanceof Uint8Array) yield bytes;
  } catch (cause) {
    if (cause instanceof UserError) throw cause;
    throw new UserError(
      'stream-broken',
      `the compressed dump cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause: failure ?? cause },
    );
  }
}

async function* throughLzop(
  source: AsyncIterable<Uint8Array>,
  environment: RunFacts['environment'],
): AsyncGenerator<Uint8Array> {
  const lzop = spawn('lzop', ['-d', '-c'], { stdio: ['pipe', 'pipe', 'ignore'], env: { ...environment } });
  const ended = new Promise<number | undefined>((resolve, reject) => {
    lzop.on('error', (cause) =>
      reject(
        new UserError('command-failed', 'the program lzop is missing here', {
          hint: 'install lzop, or set another backup_compression',
          cause,
        }),
      ),
    );
    lzop.on('close', (status) => resolve(status ?? undefined));
  });
  ended.catch(() => undefined);
  pipeline(Readable.from(source), lzop.stdin, () => undefined);
  try {
    for await (const bytes of lzop.stdout) yield bytes;
    const status = await ended;
    if (status !== 0) throw new UserError('stream-broken', 'lzop cannot read the compressed dump');
  } finally {
    lzop.kill();
  }
}
