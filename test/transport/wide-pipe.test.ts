import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { WideSource } from '../../src/transport/wide-pipe.ts';

it('tells whoever connects that nobody listens, and nobody else', async () => {
  const source = new WideSource();
  await expect(source.connect(join(tmpdir(), 'nobody listens here'))).rejects.toMatchObject({
    code: 'ENOENT',
  });
});
