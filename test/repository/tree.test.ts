import { hash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BlobId, blobId } from '../../src/repository/object-id.ts';
import { encodeTree, type TreeNode } from '../../src/repository/tree.ts';
import { type StoredNode, TreeParser } from '../../src/repository/tree-parser.ts';

const id = (number: number): BlobId => blobId(new Uint8Array(hash('sha256', String(number), 'buffer')));
const hex = (number: number) => `"${Buffer.from(id(number)).toString('hex')}"`;
const TIME = '2026-11-22T18:00:00.123+01:00';

function file(name: string, content: readonly BlobId[], size = content.length): TreeNode {
  return { type: 'file', name: Buffer.from(name), mode: 0o600, mtime: TIME, size, content };
}

function folder(name: string, subtree: BlobId): TreeNode {
  return { type: 'dir', name: Buffer.from(name), mode: 0o700, mtime: TIME, subtree };
}

function text(nodes: readonly TreeNode[]): string {
  return Buffer.concat([...encodeTree(nodes)]).toString('utf8');
}

function parse(tree: string, pieceBytes = Number.POSITIVE_INFINITY): readonly StoredNode[] {
  const parser = new TreeParser();
  const bytes = Buffer.from(tree);
  for (let at = 0; at < bytes.length; at += pieceBytes)
    parser.push(bytes.subarray(at, Math.min(at + pieceBytes, bytes.length)));
  return parser.end();
}

describe('a tree that is written', () => {
  it('has the fields of each node in the order in which restic writes them, and ends with a newline', () => {
    expect(text([folder('b', id(1)), file('a', [id(2), id(3)], 70)])).toBe(
      `{"nodes":[` +
        `{"name":"a","type":"file","mode":384,"mtime":"${TIME}","atime":"${TIME}","ctime":"${TIME}",` +
        `"uid":0,"gid":0,"size":70,"content":[${hex(2)},${hex(3)}]},` +
        `{"name":"b","type":"dir","mode":2147484096,"mtime":"${TIME}","atime":"${TIME}","ctime":"${TIME}",` +
        `"uid":0,"gid":0,"content":null,"subtree":${hex(1)}}` +
        `]}\n`,
    );
  });

  it('leaves out a size of nothing, as Go does', () => {
    expect(text([file('a', [])])).toContain('"gid":0,"content":[]}');
  });

  it.each([
    ['2026-11-22T18:00:00.120+01:00', '2026-11-22T18:00:00.12+01:00'],
    ['2026-11-22T18:00:00.000Z', '2026-11-22T18:00:00Z'],
    ['2026-11-22T18:00:10Z', '2026-11-22T18:00:10Z'],
    ['2026-11-22T18:00:00.100-10:00', '2026-11-22T18:00:00.1-10:00'],
    ['2026-11-22T18:00:00.001002003Z', '2026-11-22T18:00:00.001002003Z'],
  ])('writes the time %s as %s, as Go does', (mtime, written) => {
    expect(text([{ ...file('a', []), mtime }])).toContain(`"mtime":"${written}","atime":"${written}"`);
  });

  it('escapes < > and & in names, as Go does', () => {
    expect(text([file('<a&b>', [])])).toContain('"name":"\\u003ca\\u0026b\\u003e"');
  });

  it('is sorted by the bytes of the names', () => {
    const names = ['b', 'B', '\u{1f389}', '\uffee', 'a"', 'a', 'a!', 'é'];
    const parsed = parse(text(names.map((name) => file(name, []))));
    expect(parsed.map(({ name }) => Buffer.from(name).toString())).toEqual([
      'B',
      'a',
      'a!',
      'a"',
      'b',
      'é',
      '\uffee',
      '\u{1f389}',
    ]);
  });

  it.each([
    ['the same name twice', ['a', 'b', 'a'], 'a stands twice in one folder'],
    ['no name', [''], '"" is no file name'],
    ['a slash', ['a/b'], '"a/b" is no file name'],
    ['a zero byte', ['a\0'], '"a\\x00" is no file name'],
    ['.', ['.'], '"." is no file name'],
    ['..', ['..'], '".." is no file name'],
  ])('is refused with %s', (_, names, message) => {
    expect(() => text(names.map((name) => file(name, [])))).toThrow(message);
  });

  it('comes in pieces, however long a list is', () => {
    const ids = Array.from({ length: 20_000 }, (_, number) => id(number));
    const pieces = [...encodeTree([file('a', ids)])];
    expect(pieces.length).toBeGreaterThan(4);
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(257 * 1024);
  });
});

describe('a tree that is read', () => {
  const nodes = [file('a"\\', [id(1), id(2)], 5), folder('content', id(3)), file('empty', [], 0)];

  it.each([1, 2, 3, 5, 7, 64, 1000])('is the same in pieces of %d bytes', (pieceBytes) => {
    const [first, second, third] = parse(text(nodes), pieceBytes);
    expect(Buffer.from(first?.name ?? []).toString()).toBe('a"\\');
    expect(first).toMatchObject({ type: 'file', size: 5, subtree: undefined });
    expect([...(first?.content ?? [])]).toEqual([id(1), id(2)]);
    expect(second).toMatchObject({ type: 'dir', subtree: id(3) });
    expect(second?.content.length).toBe(0);
    expect(third).toMatchObject({ type: 'file', size: 0 });
  });

  it('is what was written, whatever names and lists are', () => {
    const name = fc
      .uint8Array({ minLength: 3, maxLength: 12 })
      .filter((bytes) => !bytes.includes(0x2f) && !bytes.includes(0));
    const nodeList = fc.uniqueArray(fc.record({ name, ids: fc.array(fc.nat(9), { maxLength: 5 }) }), {
      selector: (node) => Buffer.from(node.name).toString('hex'),
      maxLength: 6,
    });
    fc.assert(
      fc.property(nodeList, fc.integer({ min: 1, max: 50 }), (list, pieceBytes) => {
        const written = list.map((node) => ({ ...file('', node.ids.map(id)), name: node.name }));
        const read = parse(text(written), pieceBytes);
        const lists = new Map(
          read.map((node) => [Buffer.from(node.name).toString('hex'), [...node.content]]),
        );
        expect(lists).toEqual(
          new Map(list.map((node) => [Buffer.from(node.name).toString('hex'), node.ids.map(id)])),
        );
      }),
      { numRuns: 50 },
    );
  });

  const fields = '"name":"n","type":"file","size":9';
  it.each([
    ['before the other fields', `{"nodes":[{"content":[${hex(1)}],${fields}}]}`],
    ['after them', `{"nodes":[{${fields},"content":[${hex(1)}]}]}`],
    ['with spaces', `{ "nodes" : [ { "content" : [ ${hex(1)} ] , ${fields} } ] }\n\n`],
    [
      'beside fields that nobody knows',
      `{"v":[1],"nodes":[{"x":{"y":["content",":",[{}]]},"content":[${hex(1)}],${fields},"z":"\\"content\\":["}]}`,
    ],
    [
      'beside a string that says content',
      `{"nodes":[{"linktarget":"content","list":["content"],"content":[${hex(1)}],${fields}}]}`,
    ],
  ])('may have a content list %s', (_, tree) => {
    for (const pieceBytes of [1, 3, 1000]) {
      const [node] = parse(tree, pieceBytes);
      expect(node?.size).toBe(9);
      expect([...(node?.content ?? [])]).toEqual([id(1)]);
    }
  });

  it('keeps fields that nobody here knows', () => {
    const [node] = parse(
      `{"nodes":[{${fields},"linktarget":"x","extended_attributes":[{"name":"user.a","value":"AA=="}]}]}`,
    );
    expect(node?.fields).toMatchObject({
      linktarget: 'x',
      extended_attributes: [{ name: 'user.a', value: 'AA==' }],
    });
  });

  it.each([['{"nodes":[]}'], ['{"nodes":null}'], ['{}'], ['null']])('may be empty: %s', (tree) => {
    expect(parse(tree)).toEqual([]);
  });

  it.each([
    ['cut off in a name', `{"nodes":[{"name":"n`, 'cut off'],
    ['cut off in a list', `{"nodes":[{${fields},"content":[${hex(1)}`, 'cut off'],
    ['cut off in an id', `{"nodes":[{${fields},"content":["00`, 'cut off'],
    ['cut off after a list', `{"nodes":[{${fields},"content":[${hex(1)}]`, 'not JSON'],
    ['nothing', '', 'not JSON'],
    ['followed by more', `{"nodes":[]}{}`, 'not JSON'],
    ['without a list of nodes', '{"nodes":{}}', 'has no nodes'],
    ['with a node that is null', '{"nodes":[null]}', 'a node is no object'],
    ['with a node without a name', '{"nodes":[{"type":"file"}]}', 'lacks its name, type or size'],
    [
      'with a size in words',
      '{"nodes":[{"name":"n","type":"file","size":"9"}]}',
      'lacks its name, type or size',
    ],
    ['with a size below zero', '{"nodes":[{"name":"n","type":"file","size":-1}]}', 'is no size'],
    ['with half a byte', '{"nodes":[{"name":"n","type":"file","size":0.5}]}', 'is no size'],
    ['with a path for a name', '{"nodes":[{"name":"../n","type":"file"}]}', '"../n" is no file name'],
    ['with a way up for a name', '{"nodes":[{"name":"..","type":"dir"}]}', '".." is no file name'],
    ['with a name that is quoted wrongly', '{"nodes":[{"name":"\\\\q","type":"file"}]}', 'quoted wrongly'],
    ['with numbers for ids', `{"nodes":[{${fields},"content":[0]}]}`, 'something else than ids'],
    ['with lists for ids', `{"nodes":[{${fields},"content":[[]]}]}`, 'something else than ids'],
    ['with a short id', `{"nodes":[{${fields},"content":["00"]}]}`, 'an id in a content list is wrong'],
    ['with a long id', `{"nodes":[{${fields},"content":["${'0'.repeat(65)}"]}]}`, 'is too long'],
    ['with an id that is no hex', `{"nodes":[{${fields},"content":["${'x'.repeat(64)}"]}]}`, 'is wrong'],
    ['with a text for a list', `{"nodes":[{${fields},"content":"none"}]}`, 'content of a node is no list'],
    [
      'with a list under a name in disguise',
      `{"nodes":[{${fields},"conten\\u0074":[0]}]}`,
      'content of a node is no list',
    ],
  ])('is refused when it is %s', (_, tree, message) => {
    for (const pieceBytes of [1, 7, 100_000]) expect(() => parse(tree, pieceBytes)).toThrow(RangeError);
    expect(() => parse(tree)).toThrow(message);
  });

  it('is refused when there is more than 64 MiB beside the lists', () => {
    const parser = new TreeParser();
    parser.push(Buffer.from('{"nodes":["'));
    const filler = Buffer.alloc(8 << 20, 'x');
    expect(() => {
      for (let i = 0; i < 9; i++) parser.push(filler);
    }).toThrow('larger than is accepted');
  });
});
