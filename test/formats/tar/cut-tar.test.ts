import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cutTar, type TarBlob } from '../../../src/formats/tar/cut-tar.ts';
import { inPieces } from '../in-pieces.ts';
import { gnuTar, inFolder } from './gnu-tar.ts';
import { END_BLOCKS, joinBytes, tarEntry } from './tar-builder.ts';
import { containerTar } from './tar-fixture.ts';
import { tarMembers } from './tar-members.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const PIECES = [4099, 65536, 1_000_003, 1 << 24];

describe('a tar that is cut into blobs', () => {
  it('is whole, and cut at the same places however the pieces fall', async () => {
    const archive = await containerTar();
    const expected = (await cut(archive, 65536)).map(shortly);
    for (const pieceBytes of PIECES) {
      const blobs = await cut(archive, pieceBytes);
      expect(blobs.map(shortly)).toEqual(expected);
      expect(Buffer.concat(blobs.map(({ bytes }) => bytes)).equals(archive)).toBe(true);
    }
  });

  it('gives a file of 64 KiB or more its own blobs of 1 MiB, and joins all else', async () => {
    const archive = joinBytes([
      tarEntry({ name: 'small' }, new Uint8Array(64 * KIB - 1)),
      tarEntry({ name: 'large' }, new Uint8Array(64 * KIB)),
      tarEntry({ name: 'huge' }, new Uint8Array(2 * MIB + 1)),
      END_BLOCKS,
    ]);
    for (const pieceBytes of [13, ...PIECES]) {
      expect((await cut(archive, pieceBytes)).map(shortly)).toEqual([
        `structure ${512 + 64 * KIB + 512}`,
        `large 0 ${64 * KIB}`,
        'structure 512',
        `huge 0 ${MIB}`,
        `huge ${MIB} ${MIB}`,
        `huge ${2 * MIB} 1`,
        `structure ${511 + 1024}`,
      ]);
    }
  });

  it('joins many small files into blobs of 1 MiB', async () => {
    const entries = Array.from({ length: 40 }, (_, index) =>
      tarEntry({ name: `${index}` }, new Uint8Array(60_000)),
    );
    const blobs = await cut(joinBytes([...entries, END_BLOCKS]), 65536);
    expect(blobs.map(shortly)).toEqual([
      `structure ${MIB}`,
      `structure ${MIB}`,
      `structure ${40 * (512 + 60_416) + 1024 - 2 * MIB}`,
    ]);
  });

  it('gives each blob memory of its own, so that it can be transferred', async () => {
    for (const { bytes } of await cut(await containerTar(), 65536)) {
      expect(bytes.buffer.byteLength).toBe(bytes.length);
      expect(bytes.length).toBeLessThanOrEqual(MIB);
    }
  });

  it('cuts a sparse file after its map and at each region, which is then cut as the file would be', async () => {
    await inFolder(async (folder) => {
      const file = await open(join(folder, 'sparse'), 'w');
      const data = Uint8Array.from({ length: MIB + 65536 }, (_, index) => (index % 255) + 1);
      await file.write(data, 0, data.length, 0);
      await file.write(data, 0, 4096, 4 * MIB);
      await file.write(data, 0, 65536, 8 * MIB);
      await file.truncate(12 * MIB);
      await file.close();
      await writeFile(join(folder, 'big'), data);
      const archive = await gnuTar(folder, ['--format=posix', '--sparse', '--sort=name']);
      const expected = (await cut(archive, 65536)).map(shortly);
      expect(expected.filter((line) => !line.startsWith('structure'))).toEqual([
        `./big 0 ${MIB}`,
        `./big ${MIB} 65536`,
        `./sparse 0 ${MIB}`,
        `./sparse ${MIB} 65536`,
        `./sparse ${8 * MIB} 65536`,
      ]);
      expect(expected.at(-3)).toBe('structure 4096');
      for (const pieceBytes of [513, ...PIECES])
        expect((await cut(archive, pieceBytes)).map(shortly)).toEqual(expected);
    });
  });

  it('tells of each member, and of the content that gets no blobs of its own', async () => {
    const archive = await containerTar();
    const names: string[] = [];
    const small = new Map<string, Uint8Array>();
    const { blobs } = cutTar(inPieces(archive, 1000), {
      onMember: ({ rawName }) => void names.push(new TextDecoder().decode(rawName)),
      onSmallContent: ({ rawName, realSize }, bytes, offset) => {
        const name = new TextDecoder().decode(rawName);
        const content = small.get(name) ?? new Uint8Array(realSize);
        content.set(bytes, offset);
        small.set(name, content);
      },
    });
    const large = new Set<string>();
    for await (const blob of blobs)
      if (blob.kind === 'content') large.add(new TextDecoder().decode(blob.member.rawName));
    const members = await tarMembers(archive);
    expect(names).toEqual(members.map(({ name }) => name));
    expect([...large]).toEqual(['./usr/bin/busybox-hard', './opt/random.bin']);
    const expected = members.filter(({ name, content }) => content.length > 0 && !large.has(name));
    expect([...small.keys()]).toEqual(expected.map(({ name }) => name));
    expect(
      expected.every(({ name, content }) =>
        Buffer.from(content).equals(small.get(name) ?? new Uint8Array(0)),
      ),
    ).toBe(true);
  });
});

describe('the configuration in a container’s tar', () => {
  it('is found', async () => {
    const { blobs, configs } = cutTar(inPieces(await containerTar(), 100));
    for await (const _ of blobs);
    expect(new TextDecoder().decode(configs.pctConf)).toMatch(/^arch: amd64\nhostname: ct-mps\n/);
    expect(configs.pctFw).toEqual(new Uint8Array(0));
  });

  it('is the first of its name, also when it is large', async () => {
    const first = 'a'.repeat(70_000);
    const archive = joinBytes([
      tarEntry({ name: './etc/vzdump/pct.conf' }, first),
      tarEntry({ name: './etc/vzdump/pct.conf' }, 'second'),
      END_BLOCKS,
    ]);
    const { blobs, configs } = cutTar(inPieces(archive));
    for await (const _ of blobs);
    expect(new TextDecoder().decode(configs.pctConf)).toBe(first);
    expect(configs.pctFw).toBeUndefined();
  });

  it('is refused above 1 MiB', async () => {
    const { blobs } = cutTar(inPieces(tarEntry({ name: './etc/vzdump/pct.fw' }, new Uint8Array(MIB + 1))));
    await expect(Array.fromAsync(blobs)).rejects.toMatchObject({
      message: './etc/vzdump/pct.fw is larger than 1 MiB',
      offset: 512,
    });
  });
});

function cut(archive: Uint8Array, pieceBytes: number): Promise<readonly TarBlob[]> {
  return Array.fromAsync(cutTar(inPieces(archive, pieceBytes)).blobs);
}

function shortly(blob: TarBlob): string {
  if (blob.kind === 'structure') return `structure ${blob.bytes.length}`;
  return `${new TextDecoder().decode(blob.member.rawName)} ${blob.offset} ${blob.bytes.length}`;
}
