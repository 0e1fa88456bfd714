import { describe, expect, it } from 'vitest';
import { nodeFacts } from '../../src/browse/node-facts.ts';
import { splitTime } from '../../src/browse/node-time.ts';
import { TreeParser } from '../../src/repository/tree-parser.ts';

/** A node as a repository holds it. */
function factsOf(fields: object) {
  const parser = new TreeParser();
  parser.push(Buffer.from(JSON.stringify({ nodes: [{ name: 'n', type: 'file', ...fields }] })));
  const [node] = parser.end();
  if (node === undefined) throw new Error('no node');
  return nodeFacts(node);
}

describe('what a node says of a file', () => {
  it.each([
    ['plain permissions', 0o644, 0o644],
    ['a folder', 0x80000000 + 0o755, 0o755],
    ['setuid', 2 ** 23 + 0o755, 0o4755],
    ['setgid', 2 ** 22 + 0o755, 0o2755],
    ['a sticky folder', 0x80000000 + 2 ** 20 + 0o777, 0o1777],
  ])('is a mode as stat has it: %s', (_, mode, expected) => {
    expect(factsOf({ mode }).mode).toBe(expected);
  });

  it('is a device by its numbers', () => {
    expect(factsOf({ type: 'dev', device: 2065 }).device).toEqual({ major: 8, minor: 17 });
  });

  it('takes both halves of a large device number apart, as glibc does', () => {
    const device = (0x12 << 8) + 0x34 + 0x56 * 2 ** 20 + 0x78 * 2 ** 44;
    expect(factsOf({ device }).device).toEqual({ major: 0x12 + 0x78 * 2 ** 12, minor: 0x34 + 0x56 * 2 ** 8 });
  });

  it('reads the target of a link that is no UTF-8 from where newer programs put it', () => {
    expect(Buffer.from(factsOf({ type: 'symlink', linktarget: 'caf\ufffd' }).linkTarget).toString()).toBe(
      'caf\ufffd',
    );
    const raw = Buffer.from('caf\xe9', 'latin1');
    const said = { type: 'symlink', linktarget: 'caf\ufffd', linktarget_raw: raw.toString('base64') };
    expect(factsOf(said).linkTarget).toEqual(raw);
  });

  it('knows the names of one file by device and inode, and only where there are several', () => {
    expect(factsOf({ links: 2, device_id: 7, inode: 9 }).linkKey).toBe('7:9');
    expect(factsOf({ links: 1, device_id: 7, inode: 9 }).linkKey).toBeUndefined();
  });

  it('is not led astray by fields of other kinds', () => {
    expect(
      factsOf({ mode: 'x', uid: -1, gid: 1.5, mtime: 7, extended_attributes: [null, 3, { name: 1 }] }),
    ).toMatchObject({ mode: 0, uid: 0, gid: 0, mtime: '', xattrs: [] });
    expect(factsOf({ type: 'irregular' }).type).toBe('other');
  });
});

describe('a time', () => {
  it.each([
    ['2026-11-22T18:00:00.12+01:00', 1795366800, 120_000_000],
    ['1970-01-01T00:00:00Z', 0, 0],
    ['1969-12-31T23:59:59.75Z', -1, 750_000_000],
    ['2026-11-22T18:00:00.1234567891Z', 1795370400, 123_456_789],
    ['yesterday', 0, 0],
  ])('%s is seconds and nanoseconds', (time, seconds, nanoseconds) => {
    expect(splitTime(time)).toEqual({ seconds, nanoseconds });
  });
});
