/** What `ls`, `diff` and `dump` show, with names that are out for mischief. */
import { Chalk } from 'chalk';
import { describe, expect, it } from 'vitest';
import type { Walked } from '../../src/browse/walk-tree.ts';
import { DiffTotals, differenceText } from '../../src/cli/view/diff-text.ts';
import { dumpProgressText } from '../../src/cli/view/dump-progress.ts';
import { bytesJson, jsonLine, nodeJson } from '../../src/cli/view/ls-json.ts';
import { listedMoment, lsLines } from '../../src/cli/view/ls-lines.ts';
import { TreeParser } from '../../src/repository/tree-parser.ts';

function walked(fields: object, name = Buffer.from('file')): Walked {
  const parser = new TreeParser();
  const node = { name: 'n', type: 'file', mode: 0o644, mtime: '2026-11-22T18:00:00+01:00', ...fields };
  parser.push(Buffer.from(JSON.stringify({ nodes: [node] })));
  const [parsed] = parser.end();
  if (parsed === undefined) throw new Error('no node');
  return { path: Buffer.concat([Buffer.from('/etc/'), name]), node: { ...parsed, name } };
}

const moment = listedMoment('UTC');
const colour = new Chalk({ level: 0 });
const sides = { before: 'one', after: 'two' };

describe('a line of ls', () => {
  it.each([
    ['a file', { size: 12 }, '-rw-r--r--  0:0            12  2026-11-22 17:00  file\n'],
    [
      'a setuid program of somebody',
      { mode: 2 ** 23 + 0o755, uid: 1000, gid: 100, size: 9 },
      '-rwsr-xr-x  1000:100           9  2026-11-22 17:00  file\n',
    ],
    [
      'a link',
      { type: 'symlink', mode: 0o777, linktarget: 'to\u001b[2J' },
      'lrwxrwxrwx  0:0             -  2026-11-22 17:00  file -> to\\x1b[2J\n',
    ],
    [
      'a device',
      { type: 'chardev', device: 0x401 },
      'crw-r--r--  0:0          4, 1  2026-11-22 17:00  file\n',
    ],
    [
      'a sticky folder without a time',
      { type: 'dir', mode: 2 ** 20 + 0o776, mtime: '' },
      'drwxrwxrwT  0:0             -  -                 file\n',
    ],
  ])('shows %s', (_, fields, line) => {
    expect(lsLines([walked(fields)], { moment, shown: 'names' })).toEqual([line]);
  });

  it('holds no byte that a terminal would obey, whatever the name', () => {
    const name = Buffer.from([...Array(256).keys()].filter((byte) => byte !== 0 && byte !== 0x2f));
    const [line = ''] = lsLines([walked({}, name)], { moment, shown: 'paths' });
    expect(line.trimEnd()).not.toMatch(/\p{Cc}|\p{Cf}/u);
  });

  it('is made of very many names as well', () => {
    const many = Array.from({ length: 200_000 }, () => MANY);
    expect(lsLines(many, { moment, shown: 'names' })).toHaveLength(200_000);
  });
});

const MANY = walked({});

describe('a name for machines', () => {
  it('is text, with its bytes where it is no UTF-8', () => {
    expect(bytesJson('path', Buffer.from('grün'))).toEqual({ path: 'grün' });
    const bytes = Buffer.from('caf\xe9', 'latin1');
    expect(bytesJson('path', bytes)).toEqual({ path: 'caf\ufffd', pathBytes: bytes.toString('base64') });
  });

  it('is escaped where a terminal would obey it, and means the same', () => {
    const value = { path: 'a\u009b2J\u202e\u{e0001}"\n' };
    const line = jsonLine(value);
    expect(line).toBe('{"path":"a\\u009b2J\\u202e\\udb40\\udc01\\"\\n"}\n');
    expect(JSON.parse(line)).toEqual(value);
  });

  it('comes with what the file is', () => {
    const fields = { size: 3, links: 2, extended_attributes: [{ name: 'user.a', value: '' }] };
    expect(nodeJson(walked(fields))).toEqual({
      path: '/etc/file',
      type: 'file',
      mode: '0644',
      uid: 0,
      gid: 0,
      size: 3,
      mtime: '2026-11-22T18:00:00+01:00',
      links: 2,
      xattrs: ['user.a'],
    });
  });
});

describe('a difference', () => {
  const before = walked({}).node;
  const after = walked({ mode: 0o600, uid: 7, mtime: '' }).node;
  const path = Buffer.from('etc/a\nb');
  it.each([
    [{ kind: 'added', path, after }, 'A  etc/a\\nb\n'],
    [{ kind: 'removed', path, before }, 'D  etc/a\\nb\n'],
    [
      { kind: 'metadata', path, before, after, metadata: ['mode', 'owner', 'mtime', 'xattrs'] },
      'U  etc/a\\nb  (mode 644 to 600, owner 0:0 to 7:0, time, extended attributes)\n',
    ],
    [{ kind: 'content', path, before, after, metadata: ['mtime'] }, 'M  etc/a\\nb\n'],
    [
      { kind: 'type', path, before, after: walked({ type: 'dir' }).node, metadata: [] },
      'T  etc/a\\nb  (file to dir)\n',
    ],
  ] as const)('of a file is one line: %#', (change, line) => {
    expect(differenceText({ kind: 'file', change }, sides, colour)).toBe(line);
  });

  it.each([
    [
      { before: 64 << 20, after: 64 << 20, mostChanged: 1 << 20 },
      '~ drive-scsi0  64 MiB, at most 1 MiB changed (1.6 %)\n',
    ],
    [
      { before: 64 << 20, after: 96 << 20, mostChanged: 32 << 20 },
      '~ drive-scsi0  grown from 64 MiB to 96 MiB, at most 32 MiB changed (33.3 %)\n',
    ],
    [
      { before: 64 << 20, after: 0, mostChanged: 0 },
      '~ drive-scsi0  shrunk from 64 MiB to 0 B, at most 0 B changed (0 %)\n',
    ],
    [{ before: undefined, after: 1024, mostChanged: 1024 }, '+ drive-scsi0  added, 1 KiB\n'],
    [{ before: 1024, after: undefined, mostChanged: 0 }, '- drive-scsi0  removed, 1 KiB\n'],
  ] as const)('of a disk is one line: %#', (volume, line) => {
    expect(differenceText({ kind: 'volume', name: 'drive-scsi0', ...volume }, sides, colour)).toBe(line);
  });

  it('of a configuration is a unified diff, safe to print', () => {
    const hunk = {
      before: { start: 3, count: 1 },
      after: { start: 3, count: 1 },
      lines: [
        { kind: 'removed', line: 'name: a' },
        { kind: 'added', line: 'name: \u001b[2J' },
      ],
    } as const;
    const text = { kind: 'text', name: 'pct.conf', before: true, after: true, hunks: [hunk] } as const;
    expect(differenceText(text, sides, colour)).toBe(
      '--- pct.conf  one\n+++ pct.conf  two\n@@ -3,1 +3,1 @@\n-name: a\n+name: \\u{1b}[2J\n',
    );
  });

  it('is counted', () => {
    const totals = new DiffTotals();
    expect(totals.text()).toBe('no differences\n');
    totals.add({ kind: 'volume', name: 'a', before: 1, after: 1, mostChanged: 1024 });
    totals.add({ kind: 'file', change: { kind: 'added', path, after } });
    totals.add({ kind: 'file', change: { kind: 'metadata', path, before, after, metadata: ['mode'] } });
    expect(totals.text()).toBe('1 volume (at most 1 KiB), files: 1 added, 1 with other metadata\n');
  });
});

describe('how far a dump is', () => {
  it.each([
    [{ bytes: 16 << 20, total: 64 << 20, ms: 1000 }, '16 MiB of 64 MiB, 25 %, 16 MiB/s, 3 s left'],
    [{ bytes: 16 << 20, total: undefined, ms: 2000 }, '16 MiB, 8 MiB/s'],
    [{ bytes: 0, total: 1024, ms: 0 }, '0 B of 1 KiB, 0 %, 0 B/s'],
  ])('%#', (progress, text) => {
    expect(dumpProgressText(progress)).toBe(text);
  });
});
