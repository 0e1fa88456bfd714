import { describe, expect, it } from 'vitest';
import { encodeVmaHeader } from '../../../src/formats/vma/encode-vma-header.ts';
import { encodeVmaExtentHeader } from '../../../src/formats/vma/extent-header-codec.ts';
import { readVma } from '../../../src/formats/vma/read-vma.ts';
import { formatErrorOf } from '../format-error-of.ts';
import { inPieces } from '../in-pieces.ts';

const UUID = new Uint8Array(16).fill(3);

describe('the clusters of a device', () => {
  it.each([
    ['ascending', [0, 1, 2], 'accepted'],
    ['out of order', [0, 2, 1], 'cluster 2 of vmstate is out of order'],
    ['with a gap', [0, 2], 'cluster 2 of vmstate is out of order'],
    ['twice', [0, 0], 'cluster 0 of vmstate is out of order'],
    ['cut short', [0, 1], 'the archive is not complete: cluster 2 of vmstate is missing (1 of its 3 are)'],
    ['beyond its size', [0, 1, 2, 3], 'cluster 3 is behind the end of vmstate'],
  ])('of RAM state, %s, are judged', async (_, clusters, verdict) => {
    const stream = archive(
      'vmstate',
      3 * 65536,
      clusters.map((cluster) => ({ cluster, mask: 0 })),
    );
    expect(await reasonOf(stream)).toBe(verdict);
  });

  it.each([
    [512, 0b1, 'accepted'],
    [4096, 0b1, 'accepted'],
    [4097, 0b11, 'accepted'],
    [4096, 0b11, 'cluster 0 has data behind the end of disk'],
    [4097, 0b100, 'cluster 0 has data behind the end of disk'],
    [61440, 0x8000, 'cluster 0 has data behind the end of disk'],
    [61441, 0xffff, 'accepted'],
    [65536, 0xffff, 'accepted'],
  ])('of %i bytes may mark %i', async (size, mask, verdict) => {
    expect(await reasonOf(archive('disk', size, [{ cluster: 0, mask }]))).toBe(verdict);
  });

  it('may have the highest numbers that 8 TiB need', async () => {
    const last = 2 ** 27 - 1;
    expect(await reasonOf(archive('disk', 8 * 1024 ** 4, [{ cluster: last, mask: 0 }]))).toBe(
      `the archive is not complete: cluster 0 of disk is missing (${last} of its ${last + 1} are)`,
    );
    expect(await reasonOf(archive('disk', 8 * 1024 ** 4, [{ cluster: 0xffffffff, mask: 0 }]))).toBe(
      'cluster 4294967295 is behind the end of disk',
    );
  });
});

describe('reading an archive', () => {
  it('stops at an extent when it is aborted, and ends the source', async () => {
    const aborter = new AbortController();
    const ended: string[] = [];
    const stream = readVma(
      noting(inPieces(archive('disk', 65536, [{ cluster: 0, mask: 0 }]), 512), ended),
      aborter,
    );
    await stream.next();
    aborter.abort(new Error('enough'));
    await expect(stream.next()).rejects.toThrow('enough');
    expect(ended).toEqual(['ended']);
  });

  it('ends the source when its reader has enough', async () => {
    const ended: string[] = [];
    for await (const _ of readVma(noting(inPieces(archive('disk', 65536, []), 512), ended))) break;
    expect(ended).toEqual(['ended']);
  });

  it('passes on what the source throws', async () => {
    async function* failing() {
      yield archive('disk', 65536, []);
      throw new Error('the line went dead');
    }
    await expect(concatenatedEvents(failing())).rejects.toThrow('the line went dead');
  });
});

interface Entry {
  readonly cluster: number;
  readonly mask: number;
}

/** An archive with one device and one extent, its data made of zeros. */
function archive(name: string, size: number, entries: readonly Entry[]): Uint8Array {
  const header = encodeVmaHeader({ uuid: UUID, ctime: 0, configs: [], devices: [{ id: 1, name, size }] });
  const extent = encodeVmaExtentHeader(
    {
      count: entries.length,
      devices: new Uint8Array(entries.length).fill(1),
      clusters: Uint32Array.from(entries, ({ cluster }) => cluster),
      masks: Uint16Array.from(entries, ({ mask }) => mask),
    },
    UUID,
  );
  const blocks = Buffer.from(extent).readUInt16BE(6);
  return new Uint8Array(Buffer.concat([header, extent, new Uint8Array(blocks * 4096)]));
}

async function reasonOf(stream: Uint8Array): Promise<string> {
  const verdict = await formatErrorOf(readVma(inPieces(stream)));
  return verdict === 'accepted' ? verdict : verdict.reason;
}

async function* noting(
  source: AsyncIterable<Uint8Array>,
  ended: string[],
): AsyncGenerator<Uint8Array, void, void> {
  try {
    yield* source;
  } finally {
    ended.push('ended');
  }
}

async function concatenatedEvents(source: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of readVma(source));
}
