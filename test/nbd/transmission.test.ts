/** Requests and replies, over a real socket: what is read, what is refused, and what hostile clients can't do. */
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noise } from '../repository/noise.ts';
import { type MemoryDisk, memoryDisk } from './memory-disk.ts';
import {
  BLOCK_STATUS,
  CACHE,
  contextsOf,
  DISCONNECT,
  FLUSH,
  goFor,
  NbdClient,
  READ,
  type Request,
  requestOf,
  TRIM,
  WRITE,
  WRITE_ZEROES,
} from './nbd-client.ts';
import { Serving } from './serving.ts';

const CHUNK = 64 << 10;
const SIZE = 16 * CHUNK + 512;
const [PERMISSION, INPUT_OUTPUT, INVALID, OVERFLOW] = [1, 5, 22, 75];
/** Data, 4 chunks of zeros, data. */
const bytes = Buffer.from(noise(SIZE, 1));
bytes.fill(0, 4 * CHUNK, 8 * CHUNK);

let disk: MemoryDisk;
let serving: Serving;

beforeAll(async () => {
  disk = await memoryDisk(bytes, [CHUNK]);
  serving = await Serving.start(disk.reader);
});
afterAll(() => serving[Symbol.asyncDispose]());

const RANGES = [
  ['one byte', 5, 1],
  ['a chunk', CHUNK, CHUNK],
  ['over the border of two', CHUNK - 3, 10],
  ['data, a hole and data', 2 * CHUNK + 5, 8 * CHUNK],
  ['within a hole', 5 * CHUNK, 512],
  ['everything', 0, SIZE],
  ['the last byte', SIZE - 1, 1],
  ['nothing', 100, 0],
  ['nothing, at the end', SIZE, 0],
] as const;

describe('reading', () => {
  it.each(RANGES)('%s, with simple replies', async (_, offset, length) => {
    await using client = await NbdClient.reading(serving.socket);
    client.write(requestOf({ type: READ, offset, length, cookie: 0xdeadbeef00112233n }));
    const { cookie, data } = await client.simpleReply(length);
    expect(cookie).toBe(0xdeadbeef00112233n);
    expect(data.equals(bytes.subarray(offset, offset + length))).toBe(true);
  });

  it.each(RANGES)('%s, with structured replies', async (_, offset, length) => {
    await using client = await NbdClient.reading(serving.socket, 'structured');
    client.write(requestOf({ type: READ, offset, length, cookie: 7n }));
    const put = Buffer.alloc(length, 0xee);
    for (const { type, cookie, payload } of await client.chunks()) {
      expect(cookie).toBe(7n);
      const at = type === 0 ? 0 : Number(payload.readBigUInt64BE()) - offset;
      if (type === 1) put.set(payload.subarray(8), at);
      if (type === 2) put.fill(0, at, at + payload.readUInt32BE(8));
    }
    expect(put.equals(bytes.subarray(offset, offset + length))).toBe(true);
  });

  it('sends holes as such, and neighbouring chunks as one', async () => {
    await using client = await NbdClient.reading(serving.socket, 'structured');
    client.write(requestOf({ type: READ, length: SIZE }));
    expect((await client.chunks()).map(({ type }) => type)).toEqual([1, 2, 1]);
  });

  it('sends one chunk with all zeros to a client that wants it whole', async () => {
    await using client = await NbdClient.reading(serving.socket, 'structured');
    client.write(requestOf({ type: READ, length: SIZE, flags: 4 }));
    const [chunk, ...more] = await client.chunks();
    expect(chunk?.payload.subarray(8).equals(bytes)).toBe(true);
    expect(more).toEqual([]);
  });

  it('answers each of many requests that come at once with its own cookie', async () => {
    await using client = await NbdClient.reading(serving.socket);
    const places = Array.from({ length: 500 }, (_, nth) => (nth * 7919) % (SIZE - 16));
    const requests = places.map((offset, nth) =>
      requestOf({ type: READ, offset, length: 16, cookie: BigInt(nth) }),
    );
    client.write(...requests);
    for (const _ of places) {
      const { cookie, data } = await client.simpleReply(16);
      const offset = places[Number(cookie)] ?? 0;
      expect(data.equals(bytes.subarray(offset, offset + 16))).toBe(true);
    }
  });
});

describe('a request', () => {
  const refusals: readonly (readonly [string, Request, number | undefined])[] = [
    ['to read beyond the end', { type: READ, offset: SIZE - 1, length: 2 }, INVALID],
    ['to read behind the end', { type: READ, offset: SIZE + 1, length: 0 }, INVALID],
    ['to read at 2^64 - 1', { type: READ, offset: 2n ** 64n - 1n, length: 1 }, INVALID],
    ['to read with flags that nobody knows', { type: READ, length: 1, flags: 0x8000 }, INVALID],
    ['to fetch beyond the end', { type: CACHE, offset: SIZE, length: 1 }, INVALID],
    ['for holes that was not agreed on', { type: BLOCK_STATUS, length: 1 }, INVALID],
    ['to trim', { type: TRIM, length: 512 }, PERMISSION],
    ['to write zeros', { type: WRITE_ZEROES, length: 512, flags: 2 }, PERMISSION],
    ['that nobody knows', { type: 99 }, INVALID],
  ];

  it.each(refusals)('%s is refused, and the client can go on', async (_, request, error) => {
    await using client = await NbdClient.reading(serving.socket);
    client.write(requestOf(request), requestOf({ type: READ, length: 3, cookie: 2n }));
    const replies = [await client.simpleReply(), await client.simpleReply(3)];
    expect(replies).toMatchObject([
      { error, cookie: 1n },
      { error: 0, cookie: 2n, data: bytes.subarray(0, 3) },
    ]);
  });

  it.each(refusals)(
    '%s is refused with a reason where replies have room for it',
    async (_, request, error) => {
      await using client = await NbdClient.reading(serving.socket, 'structured');
      client.write(requestOf(request));
      const [chunk, ...more] = await client.chunks();
      expect(chunk).toMatchObject({ type: 0x8001, last: true });
      expect(chunk?.payload.readUInt32BE()).toBe(error);
      expect(chunk?.payload.readUInt16BE(4)).toBe(Number(chunk?.payload.length) - 6);
      expect(more).toEqual([]);
    },
  );

  it('to read 4 GiB is refused', async () => {
    const request = requestOf({ type: READ, length: 0xffffffff });
    await using simple = await NbdClient.reading(serving.socket);
    simple.write(request);
    expect(await simple.simpleReply()).toMatchObject({ error: INVALID });
    await using structured = await NbdClient.reading(serving.socket, 'structured');
    structured.write(request);
    expect((await structured.chunks())[0]?.payload.readUInt32BE()).toBe(OVERFLOW);
  });

  it('to write is refused; what comes with it is dropped', async () => {
    await using client = await NbdClient.reading(serving.socket);
    client.write(requestOf({ type: WRITE, length: 3 << 20 }), Buffer.alloc(3 << 20, 0x25));
    expect(await client.simpleReply()).toMatchObject({ error: PERMISSION });
    client.write(requestOf({ type: READ, length: 1 }));
    expect((await client.simpleReply(1)).data).toEqual(bytes.subarray(0, 1));
  });

  it.each([
    ['to flush', { type: FLUSH }],
    ['to fetch', { type: CACHE, length: SIZE }],
  ])('%s is done', async (_, request) => {
    await using client = await NbdClient.reading(serving.socket, 'structured');
    client.write(requestOf(request));
    expect(await client.chunks()).toMatchObject([{ type: 0, last: true }]);
  });

  it('for holes is answered in extents', async () => {
    await using client = await NbdClient.greeted(serving.socket);
    await client.ask(8);
    await client.ask(10, contextsOf('', 'base:allocation'));
    await client.ask(7, goFor(''));
    client.write(requestOf({ type: BLOCK_STATUS, offset: CHUNK, length: SIZE - CHUNK }));
    const [chunk] = await client.chunks();
    const fields = Array.from({ length: 7 }, (_, nth) => chunk?.payload.readUInt32BE(4 * nth));
    expect(fields).toEqual([1, 3 * CHUNK, 0, 4 * CHUNK, 3, 8 * CHUNK + 512, 0]);
    client.write(requestOf({ type: BLOCK_STATUS, offset: CHUNK, length: SIZE - CHUNK, flags: 8 }));
    expect((await client.chunks())[0]?.payload).toHaveLength(12);
  });
});

describe('a client is left when', () => {
  it.each([
    ['it says good-bye', requestOf({ type: DISCONNECT })],
    ['its request begins wrong', requestOf({ type: READ, magic: 0x12560953 })],
    ['it wants to write 4 GiB', requestOf({ type: WRITE, length: 0xffffffff })],
  ])('%s', async (_, said) => {
    await using client = await NbdClient.reading(serving.socket);
    client.write(said);
    expect(await client.rest()).toHaveLength(0);
  });

  it('it says good-bye, but only after all that it asked before was answered', async () => {
    await using client = await NbdClient.reading(serving.socket);
    client.write(requestOf({ type: READ, length: SIZE }), requestOf({ type: DISCONNECT }));
    expect(await client.rest()).toHaveLength(16 + SIZE);
  });

  it('it leaves within a request, or within what it writes', async () => {
    for (const said of [requestOf({ type: READ }).subarray(0, 20), requestOf({ type: WRITE, length: 100 })]) {
      await using client = await NbdClient.reading(serving.socket);
      client.write(said);
      client.socket.end();
      expect(await client.rest()).toHaveLength(0);
    }
  });

  it('it is gone in the middle of replies', async () => {
    await using client = await NbdClient.reading(serving.socket);
    for (let nth = 0; nth < 50; nth++) client.write(requestOf({ type: READ, length: SIZE }));
    await client.read(1000);
    client.socket.destroy();
    await using other = await NbdClient.reading(serving.socket);
    other.write(requestOf({ type: READ, length: 1 }));
    expect((await other.simpleReply(1)).data).toEqual(bytes.subarray(0, 1));
  });
});

describe('a damaged blob', () => {
  it.each(['simple', 'structured'] as const)(
    'is an input/output error in %s replies; all others are read',
    async (replies) => {
      const own = await memoryDisk(bytes, [CHUNK]);
      await using withDamage = await Serving.start(own.reader);
      own.damage(1);
      await using client = await NbdClient.reading(withDamage.socket, replies);
      const errorOf = async (offset: number, length: number) => {
        client.write(requestOf({ type: READ, offset, length }));
        if (replies === 'simple') return (await client.simpleReply(length)).error;
        const [chunk] = await client.chunks();
        return chunk?.type === 0x8001 ? chunk.payload.readUInt32BE() : 0;
      };
      expect(await errorOf(CHUNK, 1)).toBe(INPUT_OUTPUT);
      expect(await errorOf(0, 2 * CHUNK)).toBe(INPUT_OUTPUT);
      expect(await errorOf(0, CHUNK)).toBe(0);
      expect(await errorOf(2 * CHUNK, CHUNK)).toBe(0);
      const failures = withDamage.events.filter(({ kind }) => kind === 'read-failed');
      expect(failures).toMatchObject([{ error: { code: 'repository-damaged' } }, {}]);
    },
  );
});

describe('a client that asks and does not listen', () => {
  const MIB = 1 << 20;

  it('is not listened to either, once 32 MiB wait for it; others are', async () => {
    const large = Buffer.from(noise(128 * MIB, 3));
    const own = await memoryDisk(large, [MIB]);
    await using stalled = await Serving.start(own.reader);
    await using client = await NbdClient.reading(stalled.socket);
    client.socket.pause();
    for (let nth = 0; nth < 32; nth++)
      client.write(requestOf({ type: READ, offset: (nth % 16) * 8 * MIB, length: 8 * MIB }));
    await wait(500);
    // Four requests of 8 MiB and what is read ahead of them, not the 128 MiB that were asked for.
    expect(own.reads.length).toBeLessThanOrEqual(36);
    await using other = await NbdClient.reading(stalled.socket);
    other.write(requestOf({ type: READ, offset: 100 * MIB, length: 5 }));
    expect((await other.simpleReply(5)).data).toEqual(large.subarray(100 * MIB, 100 * MIB + 5));
  });

  it('does not keep the server from ending', async () => {
    const own = await memoryDisk(Buffer.from(noise(8 * MIB, 3)), [MIB]);
    await using stalled = await Serving.start(own.reader);
    await using client = await NbdClient.reading(stalled.socket);
    client.socket.pause();
    for (let nth = 0; nth < 20; nth++) client.write(requestOf({ type: READ, length: 8 * MIB }));
    await wait(100);
    expect(await stalled.stop()).toBe(1);
  });
});

describe('the end', () => {
  it('answers what is under way, and says how many clients were there', async () => {
    const own = await memoryDisk(bytes, [CHUNK], { readMs: 300 });
    await using ending = await Serving.start(own.reader);
    await using client = await NbdClient.reading(ending.socket);
    client.write(requestOf({ type: READ, length: SIZE }));
    await wait(50);
    const stopped = ending.stop();
    expect((await client.simpleReply(SIZE)).data.equals(bytes)).toBe(true);
    expect(await stopped).toBe(1);
  });

  it('comes with the last client when there is to be one; one that only looks is none', async () => {
    await using once = await Serving.start(disk.reader, { once: true });
    await using looking = await NbdClient.greeted(once.socket);
    await looking.ask(2);
    const clients = [await NbdClient.reading(once.socket), await NbdClient.reading(once.socket)];
    for (const client of clients) client.write(requestOf({ type: DISCONNECT }));
    expect(await once.ended).toBe(0);
    const counts = once.events.flatMap((event) => ('clients' in event ? [event.clients] : []));
    expect(counts).toEqual([1, 2, 1, 0]);
  });
});
