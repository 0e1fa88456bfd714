import { hash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { blobId } from '../../src/repository/object-id.ts';
import { encodeTree, type TreeNode } from '../../src/repository/tree.ts';
import type { InodeType } from '../../src/snapshot/rootfs/inode-table.ts';
import { encodeFullTree, type FullNode, plainNode } from '../../src/snapshot/rootfs/tree-text.ts';

const id = (number: number) => blobId(new Uint8Array(hash('sha256', String(number), 'buffer')));
const hex = (number: number) => Buffer.from(id(number)).toString('hex');
const TIME = '2026-11-22T18:00:00.12Z';

const PLAIN: FullNode = {
  ...plainNode({ type: 'file', name: Buffer.from('a'), mode: 0o644, mtime: TIME, size: 0, content: [] }),
  links: 1,
};

function text(...nodes: readonly FullNode[]): string {
  return Buffer.concat([...encodeFullTree(nodes)]).toString('utf8');
}

describe('a tree with all facts', () => {
  it('has the fields in the order in which restic writes them', () => {
    const node: FullNode = {
      ...PLAIN,
      mode: 0o4755,
      uid: 1000,
      gid: 4294967294,
      inode: 7,
      size: 70,
      links: 2,
      extendedAttributes: '[{"name":"user.a","value":"AA=="}]',
      content: [id(2), id(3)],
    };
    expect(text(node)).toBe(
      `{"nodes":[{"name":"a","type":"file","mode":8389101,"mtime":"${TIME}","atime":"${TIME}","ctime":"${TIME}",` +
        `"uid":1000,"gid":4294967294,"inode":7,"device_id":1,"size":70,"links":2,` +
        `"extended_attributes":[{"name":"user.a","value":"AA=="}],"content":["${hex(2)}","${hex(3)}"]}]}\n`,
    );
  });

  it.each<[string, Partial<FullNode>, string]>([
    ['a file of nothing that nobody may read', { mode: 0 }, '"type":"file","mtime"'],
    ['a folder', { type: 'dir', subtree: id(1), links: 0 }, `"gid":0,"content":null,"subtree":"${hex(1)}"}`],
    [
      'a symlink',
      { type: 'symlink', linkTarget: Buffer.from('../<a>"&\n\u2028é') },
      '"links":1,"linktarget":"../\\u003ca\\u003e\\"\\u0026\\n\\u2028é","content":null}',
    ],
    [
      'a symlink to what is no UTF-8',
      { type: 'symlink', linkTarget: Buffer.from('é\xff<\xe2\x82', 'latin1') },
      '"linktarget":"\\ufffd\\ufffd\\u003c\\ufffd\\ufffd","linktarget_raw":"6f884oI=","content":null}',
    ],
    ['a device', { type: 'chardev', device: 259 }, '"links":1,"device":259,"content":null}'],
    ['a device that is 0:0, as overlays have them', { type: 'chardev' }, '"links":1,"content":null}'],
  ])('shows %s as restic does', (_, facts, expected) => {
    expect(text({ ...PLAIN, ...facts })).toContain(expected);
  });

  it.each<[InodeType, number, number]>([
    ['file', 0o644, 0o644],
    ['dir', 0o1777, 2 ** 31 + 2 ** 20 + 0o777],
    ['symlink', 0o777, 2 ** 27 + 0o777],
    ['dev', 0o660, 2 ** 26 + 0o660],
    ['chardev', 0o666, 2 ** 26 + 2 ** 21 + 0o666],
    ['fifo', 0o600, 2 ** 25 + 0o600],
    ['file', 0o6711, 2 ** 23 + 2 ** 22 + 0o711],
  ])('has the mode of a %s of %i as Go has it', (type, mode, expected) => {
    expect(text({ ...PLAIN, type, mode })).toContain(`"mode":${expected},`);
  });

  it('is the tree that a repository’s own encoder makes, where that knows all there is', () => {
    const times = ['2026-11-22T18:00:00.120+01:00', '1970-01-01T00:00:00Z', '2026-11-22T18:00:00.000Z'];
    const nodes: readonly TreeNode[] = times.flatMap((mtime, index): readonly TreeNode[] => [
      { type: 'dir', name: Buffer.from(`b${index}`), mode: 0o700, mtime, subtree: id(1) },
      {
        type: 'file',
        name: Buffer.from(`<${index}\xff"`, 'latin1'),
        mode: 0o600,
        mtime,
        size: index,
        content: [id(index)],
      },
    ]);
    const sorted = nodes.toSorted((a, b) => Buffer.compare(a.name, b.name));
    expect(text(...sorted.map(plainNode))).toBe(Buffer.concat([...encodeTree(nodes)]).toString('utf8'));
    expect(text()).toBe(Buffer.concat([...encodeTree([])]).toString('utf8'));
  });

  it.each([
    [['a', 'a'], '"a" stands twice in one folder, or too late'],
    [['b', 'a'], '"a" stands twice in one folder, or too late'],
    [['..'], '".." is no file name'],
    [['.'], '"." is no file name'],
    [[''], '"" is no file name'],
    [['a/b'], '"a/b" is no file name'],
    [['a\0'], '"a\\x00" is no file name'],
  ])('is refused with the names %j', (names, message) => {
    const nodes = names.map((name) => ({ ...PLAIN, name: Buffer.from(name) }));
    expect(() => text(...nodes)).toThrow(message);
  });
});
