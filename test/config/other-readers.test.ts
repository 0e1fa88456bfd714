import { describe, expect, test } from 'vitest';
import { type ModeFacts, otherReaders } from '../../src/config/other-readers.ts';

const ROOT: ModeFacts = { mode: 0o755, uid: 0, gid: 0 };
const file = (mode: number, uid = 1000, gid = 100): ModeFacts => ({ mode, uid, gid });

describe('who else can read a file', () => {
  test.each([
    [0o600, undefined],
    [0o400, undefined],
    [0o700, undefined],
    [0o611, undefined],
    [0o622, undefined],
    [0o640, 'group'],
    [0o440, 'group'],
    [0o644, 'everyone'],
    [0o604, 'everyone'],
    [0o777, 'everyone'],
  ])('of mode %o: %s', (mode, readers) => {
    expect(otherReaders({ file: file(mode), folders: [ROOT] })).toBe(readers);
  });

  test.each([
    ["root's group", file(0o640, 0, 0), undefined],
    ["root's group, for the file of a user", file(0o640, 1000, 0), undefined],
    ["the owner's own group", file(0o640, 1000, 1000), undefined],
    ['a group of others, for the file of root', file(0o640, 0, 34), 'group'],
  ])('by %s', (_, facts, readers) => {
    expect(otherReaders({ file: facts, folders: [ROOT] })).toBe(readers);
  });

  test.each([
    ['that nobody else may search', 0o644, { mode: 0o700, uid: 0, gid: 0 }, undefined],
    ['that may be listed, and not searched', 0o644, { mode: 0o744, uid: 0, gid: 0 }, undefined],
    ['that may be searched, and not listed', 0o644, { mode: 0o711, uid: 0, gid: 0 }, 'everyone'],
    ["that the file's group alone may search", 0o644, { mode: 0o750, uid: 0, gid: 100 }, 'group'],
    ['that another group may search', 0o644, { mode: 0o750, uid: 0, gid: 7 }, undefined],
    [
      "that the file's group may not search, for all that others may",
      0o640,
      { mode: 0o705, uid: 0, gid: 100 },
      undefined,
    ],
  ] as const)('in a folder %s', (_, mode, folder, readers) => {
    expect(otherReaders({ file: file(mode), folders: [folder, ROOT] })).toBe(readers);
    expect(otherReaders({ file: file(mode), folders: [ROOT, folder] })).toBe(readers);
  });
});
