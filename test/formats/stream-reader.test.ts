import { describe, expect, it } from 'vitest';
import { FormatError } from '../../src/formats/format-error.ts';
import { StreamReader } from '../../src/formats/stream-reader.ts';
import { inPieces } from './in-pieces.ts';

const DIGITS = Uint8Array.from({ length: 100 }, (_, index) => index);

describe('a stream reader', () => {
  it.each([1, 3, 7, 100, 1000])('reads exact lengths from pieces of %i bytes', async (pieceBytes) => {
    const reader = new StreamReader(inPieces(DIGITS, pieceBytes));
    expect(await reader.read(10, { what: 'x' })).toEqual(DIGITS.subarray(0, 10));
    expect(await reader.peek(20)).toEqual(DIGITS.subarray(10, 30));
    expect(await reader.peek(25)).toEqual(DIGITS.subarray(10, 35));
    expect(reader.offset).toBe(10);
    expect(await reader.read(30, { what: 'x', scratch: new Uint8Array(64) })).toEqual(
      DIGITS.subarray(10, 40),
    );
    expect(reader.offset).toBe(40);
    expect(await reader.atEnd()).toBe(false);
    expect(await reader.read(60, { what: 'x' })).toEqual(DIGITS.subarray(40));
    expect(await reader.atEnd()).toBe(true);
  });

  it('gives fewer bytes to peek at, and none to read, when the stream ends before', async () => {
    const reader = new StreamReader(inPieces(DIGITS, 30));
    expect(await reader.peek(1000)).toEqual(DIGITS);
    await expect(reader.read(101, { what: 'a long thing' })).rejects.toEqual(
      new FormatError('the stream ends inside a long thing', 100),
    );
  });

  it('does not copy what lies inside one piece', async () => {
    const reader = new StreamReader(onePiece(DIGITS));
    const bytes = await reader.read(50, { what: 'x' });
    expect(bytes.buffer).toBe(DIGITS.buffer);
    expect((await reader.readSome(20)).buffer).toBe(DIGITS.buffer);
  });

  it('reads what is at hand, never more than asked for, and nothing at the end', async () => {
    const reader = new StreamReader(inPieces(DIGITS, 60));
    expect((await reader.readSome(50)).length).toBe(50);
    expect((await reader.readSome(50)).length).toBe(10);
    expect((await reader.readSome(50)).length).toBe(40);
    expect((await reader.readSome(50)).length).toBe(0);
  });

  it('skips empty pieces', async () => {
    async function* source() {
      yield new Uint8Array(0);
      yield DIGITS;
      yield new Uint8Array(0);
    }
    const reader = new StreamReader(source());
    expect(await reader.atEnd()).toBe(false);
    expect(await reader.read(100, { what: 'x' })).toEqual(DIGITS);
    expect(await reader.atEnd()).toBe(true);
  });

  it('ends its source when it is closed midway, once', async () => {
    const ended: string[] = [];
    async function* source() {
      try {
        for (;;) yield DIGITS;
      } finally {
        ended.push('ended');
      }
    }
    const reader = new StreamReader(source());
    await reader.read(150, { what: 'x' });
    await reader.close();
    await reader.close();
    expect(ended).toEqual(['ended']);
  });

  it('keeps the first cause when the cleanup fails too, and cleans up nothing that ended by itself', async () => {
    async function* stubborn() {
      try {
        for (;;) yield DIGITS;
      } finally {
        await Promise.reject(new Error('the command was killed'));
      }
    }
    const reader = new StreamReader(stubborn());
    await reader.atEnd();
    expect(await reader.closeAfter('first')).toBe('first');
    await expect(startedReader(stubborn()).then((started) => started.close())).rejects.toThrow('killed');
  });

  it('hands out plain arrays, whatever the source delivers', async () => {
    const reader = new StreamReader(onePiece(Buffer.from('hello')));
    expect((await reader.read(5, { what: 'x' })).constructor).toBe(Uint8Array);
  });
});

async function startedReader(source: AsyncIterable<Uint8Array>): Promise<StreamReader> {
  const reader = new StreamReader(source);
  await reader.atEnd();
  return reader;
}

async function* onePiece(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  yield bytes;
}

it('uses no piece any longer once it has asked for the next one, or for the end', async () => {
  const freed = (async function* () {
    for (const length of [5, 3, 4]) {
      const piece = new Uint8Array(length).fill(length);
      yield piece;
      piece.buffer.transfer(0);
    }
  })();
  const reader = new StreamReader(freed);
  expect([...(await reader.peek(7))]).toEqual([5, 5, 5, 5, 5, 3, 3]);
  expect([...(await reader.read(6, { what: 'six' }))]).toEqual([5, 5, 5, 5, 5, 3]);
  expect([...(await reader.read(6, { what: 'the rest' }))]).toEqual([3, 3, 4, 4, 4, 4]);
  expect(await reader.read(0, { what: 'nothing' })).toHaveLength(0);
  expect(await reader.atEnd()).toBe(true);
  expect(await reader.readSome(1)).toHaveLength(0);
  await expect(reader.read(1, { what: 'more' })).rejects.toThrow('the stream ends inside more');
});
