import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { brief, GOOD, problemsOf, render } from './render-site.ts';

describe('files that are no site', () => {
  const SHORTEST =
    'the shortest site file has the keys version, repositories and hosts: see examples/site.yaml';

  test.each([
    ['an empty file', '', `1:1: the file is empty; ${SHORTEST}`],
    ['only comments', '# nothing\n', `1:1: the file is empty; ${SHORTEST}`],
    ['a list', '- a\n- b\n', `1:1: the file must be a map of keys, not a list; ${SHORTEST}`],
    ['text', 'hello\n', `1:1: the file must be a map of keys, not text; ${SHORTEST}`],
    ['tabs', 'hosts:\n\tpve: 1\n', '2:1: a tab indents this line; YAML is indented with spaces only'],
    ['an open quote', 'a: "x\nb: 1\n', '1:4: this quote is never closed'],
    ['an open bracket', 'a: [1, 2\nb: 1\n', '1:4: this bracket is never closed'],
    [
      'a missing colon',
      'version: 1\nhosts\nrepositories: {}\n',
      '2:1: text where a "key: value" belongs; is a colon missing, or the line indented too far?',
    ],
    [
      'a second colon',
      'a: b: c\n',
      '1:4: a second "key:" inside the value of another; put text that contains ": " in quotes, or put the inner key on a line of its own, indented further',
    ],
    [
      'two documents',
      'a: 1\n---\nb: 2\n',
      '2:1: a second YAML document begins here; a site file is one document: remove the line ---',
    ],
    ['an alias to nothing', 'a: *b\n', '1:4: nothing is called *b here; an anchor &b must come before it'],
    ['an alias to itself', 'a: &a [*a]\n', '1:8: *a contains itself'],
    ['a merge with itself', 'a: &a { <<: *a }\n', '1:13: *a contains itself'],
    [
      'a map as a key',
      '{ a: 1 }: 2\n',
      '1:1: a list or a map is used as a key; a key is plain text, such as hosts',
    ],
  ])('%s', (_what, text, expected) => {
    expect(brief(text)).toEqual([expected]);
  });

  test('repeated keys and tags are said beside all other problems', () => {
    const text = `version: 1\n${GOOD.replace('all: true', 'all: true\n    rpo: !soon 1 day')}`;
    expect(brief(text)).toEqual([
      '2:1: the key "version" is given twice; keep one of them',
      '14:10: YAML tags (!...) mean nothing here; remove the tag, or put the text in quotes',
      '14:16: "1 day" is not a duration; write a whole number and s, m, h, d or w, for example 24h or 7d',
    ]);
  });
});

describe('files that would cost too much', () => {
  const bomb = [
    'a: &a [x, x, x, x, x, x, x, x, x]',
    ...'bcdefghij'.split('').map((name, index) => {
      const before = 'abcdefghij'[index];
      return `${name}: &${name} [${Array(9).fill(`*${before}`).join(', ')}]`;
    }),
  ].join('\n');

  test.each([
    ['an alias bomb', bomb, 'once its aliases are followed, the file holds more than 100000 values'],
    ['a long list used often', `a: &a [${'x, '.repeat(50_000)}]\nb: [*a, *a]\n`, 'more than 100000 values'],
    ['a long list', `a: [${'x, '.repeat(110_000)}]\n`, 'the file holds more than 100000 values'],
    ['many aliases', `a: &a x\nb: [${'*a, '.repeat(5000)}]\n`, 'more than 1000 aliases'],
    ['a deep list', `a: ${'['.repeat(60)}${']'.repeat(60)}\n`, 'nested more than 50 levels deep'],
    ['a very deep list', '['.repeat(200_000), 'nested too deeply'],
    ['many keys', Array.from({ length: 90_000 }, (_, n) => `k${n}:`).join('\n'), 'more than 100000 values'],
    ['a huge scalar', `${GOOD}x-a: ${'y'.repeat(900_000)}\nx: ${'z'.repeat(1000)}\n`, 'unknown key "x"'],
    [
      'a huge name',
      GOOD.replace('pve:', `${'p'.repeat(100_000)} :\n  pve:`),
      'a key of more than 1024 characters',
    ],
  ])('%s', (_what, text, message) => {
    const before = process.threadCpuUsage();
    const rendered = render(text);
    expect(rendered).toContain(message);
    expect(rendered.length).toBeLessThan(400_000);
    const { user, system } = process.threadCpuUsage(before);
    expect(user + system).toBeLessThan(5_000_000);
  });

  test('more than 1 MiB is not even parsed', () => {
    expect(() => render('x'.repeat(1_048_577))).toThrow('site.yaml is larger than 1 MiB');
  });
});

describe('a good file that was damaged at random', () => {
  const example = (name: string) => readFileSync(new URL(`../../examples/${name}`, import.meta.url), 'utf8');
  const good = fc.constantFrom(example('site.yaml'), example('ancestor.yaml'));
  const place = fc.nat({ max: 2500 });
  const piece = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 4 }),
    fc.constantFrom(
      ':',
      ' ',
      '\n',
      '- ',
      '{',
      ']',
      '"',
      '&a ',
      '*a',
      '<<: ',
      '!',
      '\t',
      '0',
      '~',
      '# ',
      '|',
      '? ',
    ),
  );
  const edits = fc.array(fc.record({ place, removed: fc.nat({ max: 12 }), piece }), {
    minLength: 1,
    maxLength: 4,
  });

  test('is either good or refused with problems that lie in the file', () => {
    fc.assert(
      fc.property(good, edits, (start, list) => {
        const text = list.reduce(
          (before, edit) =>
            before.slice(0, edit.place) + edit.piece + before.slice(edit.place + edit.removed),
          start,
        );
        for (const problem of problemsOf(text)) {
          expect(problem.line).toBeLessThanOrEqual(text.split('\n').length);
          expect(problem.markStart).toBeLessThanOrEqual(problem.lineText.length);
          expect(problem.length).toBeGreaterThan(0);
          expect(problem.markStart + problem.length).toBeLessThanOrEqual(problem.lineText.length + 1);
        }
        render(text);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('secrets', () => {
  test.each([
    ['a wrong value beside it', GOOD.replace('{ env: PVEBAK_PASSWORD }', '{ plain: hunter2 }')],
    ['a misspelt key', GOOD.replace('password: { env: PVEBAK_PASSWORD }', 'pasword: hunter2')],
    ['another misspelt key', GOOD.replace('mode: local', 'mode: local\n    conn_pssword: hunter2')],
    ['a wrong type', GOOD.replace('{ env: PVEBAK_PASSWORD }', '[hunter2]')],
    [
      'a wrong reference',
      GOOD.replace('{ env: PVEBAK_PASSWORD }', '{ env: hunter2! }').replace('hunter2!', 'hun ter2'),
    ],
    ['an open quote', GOOD.replace('{ env: PVEBAK_PASSWORD }', '"hunter2')],
    ['a missing colon', GOOD.replace('password: { env: PVEBAK_PASSWORD }', 'password hunter2')],
    ['a forbidden first character', GOOD.replace('{ env: PVEBAK_PASSWORD }', '@hunter2')],
    ['an alias', GOOD.replace('{ env: PVEBAK_PASSWORD }', '*p').replace('version: 1', 'x-p: &p [hunter2]')],
    [
      'an address',
      GOOD.replace('mode: local', 'mode: local\n    location: proxmox://root:hunter2@10.0.0.10'),
    ],
    ['flow style', GOOD.replace('mode: local', 'x: { conn_password: hunter2, y: 1 }')],
  ])('are hidden: %s', (_what, text) => {
    const rendered = render(text);
    expect(rendered).not.toBe('');
    expect(rendered).not.toContain('hunter2');
  });

  test('before the mark on the same line move the mark', () => {
    const text = GOOD.replace('    mode: local', '    { mode: local, conn_password: hunter2, nod: x }');
    expect(render(text)).toBe(
      [
        'site.yaml:8:44: unknown key "nod"',
        '        { mode: local, conn_password: [secret], nod: x }',
        `${' '.repeat(48)}^^^`,
        '    hint: did you mean "node"?\n',
      ].join('\n'),
    );
  });

  test('a name that only resembles a secret is shown', () => {
    expect(render(GOOD.replace('pve:\n    mode: local', 'passau:\n    mode: locl'))).toContain('mode: locl');
  });
});
