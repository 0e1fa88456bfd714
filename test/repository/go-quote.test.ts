import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { goQuote, goUnquote } from '../../src/repository/go-quote.ts';
import { resticOk } from './restic.ts';
import { sampleRepository, temporaryFolder } from './sample-repository.ts';

/** Raw bytes as latin1 text, and what Go's strconv.Quote makes of them, without the quotes around. */
const NAMES: readonly (readonly [string, string, string])[] = [
  ['plain', 'plain', 'letters'],
  ['two words', 'two words', 'a space'],
  ['it\'s <a> & "b"', 'it\'s <a> & \\"b\\"', 'quotes, which are escaped, and those that are not'],
  ['back\\slash', 'back\\\\slash', 'a backslash'],
  ['\x07\x08\x0c\n\r\t\x0b', '\\a\\b\\f\\n\\r\\t\\v', 'control characters that have a letter'],
  ['\x01\x1b\x1f\x7f', '\\x01\\x1b\\x1f\\x7f', 'control characters that have none'],
  [utf8('é ß 漢字'), 'é ß 漢字', 'letters beyond ASCII'],
  [utf8('🎉'), '🎉', 'an emoji'],
  [utf8('\u0080\u009f'), '\\u0080\\u009f', 'control characters beyond ASCII'],
  [utf8('\u00a0'), '\\u00a0', 'a space that does not break'],
  [utf8('\u00ad'), '\\u00ad', 'a soft hyphen'],
  [utf8('\u200b\u200f'), '\\u200b\\u200f', 'what has no width'],
  [utf8('\u2028\u2029'), '\\u2028\\u2029', 'separators of lines and paragraphs'],
  [utf8('\u3000'), '\\u3000', 'an ideographic space'],
  [utf8('\ue000'), '\\ue000', 'a private letter'],
  [utf8('\u{e0001}'), '\\U000e0001', 'a tag'],
  [utf8('\u{10ffff}'), '\\U0010ffff', 'the last code point'],
  [utf8('\ufeff'), '\\ufeff', 'a byte order mark'],
  [utf8('\ufffd'), '\ufffd', 'the replacement character itself'],
  ['\xff\xfe', '\\xff\\xfe', 'bytes that are in no UTF-8'],
  ['a\xe4b', 'a\\xe4b', 'latin1'],
  ['\xc3', '\\xc3', 'a sequence that is cut off'],
  ['\xe2\x82', '\\xe2\\x82', 'a longer one that is cut off'],
  ['\xc0\xaf', '\\xc0\\xaf', 'a slash in two bytes'],
  ['\xe0\x80\xaf', '\\xe0\\x80\\xaf', 'a slash in three bytes'],
  ['\xed\xa0\x80', '\\xed\\xa0\\x80', 'half of a surrogate pair'],
  ['\xf4\x90\x80\x80', '\\xf4\\x90\\x80\\x80', 'more than the last code point'],
  ['\x80', '\\x80', 'a continuation without a beginning'],
];

describe("a name as Go's strconv.Quote writes it", () => {
  it.each(NAMES)('%j is %j (%s)', (raw, quoted) => {
    expect(goQuote(Buffer.from(raw, 'latin1'))).toBe(quoted);
    expect(Buffer.from(goUnquote(quoted)).toString('latin1')).toBe(raw);
  });

  it('is what restic itself writes for files of these names', async () => {
    const repository = await sampleRepository();
    const folder = join(await temporaryFolder(), 'names');
    await mkdir(folder);
    for (const [raw] of NAMES)
      await writeFile(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(raw, 'latin1')]), '');
    await resticOk(repository, 'backup', '--host', 'h', folder);
    let [{ tree }] = JSON.parse(await resticOk(repository, 'snapshots', '--json'));
    for (const part of folder.split('/').filter((name) => name !== ''))
      tree = (await nodesOf(repository, tree)).find(({ name }) => name === part)?.subtree;
    const names = (await nodesOf(repository, tree)).map(({ name }) => name);
    expect(new Set(names)).toEqual(new Set(NAMES.map(([, quoted]) => quoted)));
  }, 30_000);

  it('gives any bytes back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (name) => {
        expect(new Uint8Array(goUnquote(goQuote(name)))).toEqual(name);
      }),
    );
  });

  it('gives any text back, escapes in it included', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (name) => {
        expect(Buffer.from(goUnquote(goQuote(Buffer.from(name)))).toString()).toBe(
          Buffer.from(name).toString(),
        );
      }),
    );
  });

  it.each([
    ['\\', 'a backslash at the end'],
    ['\\q', 'an unknown letter'],
    ['\\x4', 'a byte of one digit'],
    ['\\u12', 'a short code point'],
    ['\\ud800', 'half of a surrogate pair'],
    ['\\U00110000', 'a code point that is none'],
    ['\\777', 'an octal byte beyond 255'],
  ])('cannot be %j (%s)', (text) => {
    expect(() => goUnquote(text)).toThrow('a name is quoted wrongly');
  });
});

function utf8(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

async function nodesOf(
  repository: { readonly folder: string; readonly password: string },
  tree: string,
): Promise<readonly { readonly name: string; readonly subtree?: string }[]> {
  return JSON.parse(await resticOk(repository, 'cat', 'blob', tree)).nodes;
}
