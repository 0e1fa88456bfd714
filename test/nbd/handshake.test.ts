/** The fixed newstyle handshake, over a real socket, with clients that keep to it and clients that don't. */
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noise } from '../repository/noise.ts';
import { memoryDisk } from './memory-disk.ts';
import { contextsOf, goFor, NbdClient, optionOf, READ, requestOf, u32 } from './nbd-client.ts';
import { Serving } from './serving.ts';

const [EXPORT_NAME, ABORT, LIST, STARTTLS, INFO, GO, STRUCTURED, LIST_CONTEXT, SET_CONTEXT] = [
  1, 2, 3, 5, 6, 7, 8, 9, 10,
];
const [ACK, SERVER, CONTEXT] = [1, 2, 4];
const [UNSUPPORTED, INVALID, UNKNOWN] = [0x80000001, 0x80000003, 0x80000006];
const SIZE = 300_000;
const bytes = Buffer.from(noise(SIZE, 1));
/** Has flags, read-only, several connections, cache; with structured replies also whole ones. */
const FLAGS = 0x503;

let serving: Serving;

beforeAll(async () => {
  serving = await Serving.start((await memoryDisk(bytes, [64 << 10])).reader);
});
afterAll(() => serving[Symbol.asyncDispose]());

function numbers(...fields: readonly (readonly [bytes: number, value: number])[]): Buffer {
  return Buffer.concat(
    fields.map(([length, value]) => Buffer.from(value.toString(16).padStart(2 * length, '0'), 'hex')),
  );
}

async function expectReads(client: NbdClient): Promise<void> {
  client.write(requestOf({ type: READ, offset: 1000, length: 5 }));
  expect((await client.simpleReply(5)).data).toEqual(bytes.subarray(1000, 1005));
}

it('begins with a greeting that offers the fixed newstyle, and no zeros', async () => {
  await using client = await NbdClient.connect(serving.socket);
  expect((await client.read(18)).toString('latin1')).toBe('NBDMAGICIHAVEOPT\0\x03');
});

describe('a client that chooses the disk', () => {
  it.each([
    ['no name', ''],
    ['its name', 'drive-scsi0'],
  ])('the old way, with %s, is told size and flags', async (_, name) => {
    await using client = await NbdClient.greeted(serving.socket);
    client.write(optionOf(EXPORT_NAME, Buffer.from(name)));
    expect(await client.read(10)).toEqual(numbers([8, SIZE], [2, FLAGS]));
    await expectReads(client);
  });

  it('the old way gets 124 zeros behind it unless it can do without', async () => {
    await using client = await NbdClient.greeted(serving.socket, 1);
    client.write(optionOf(EXPORT_NAME));
    expect((await client.read(134)).subarray(10)).toEqual(Buffer.alloc(124));
    await expectReads(client);
  });

  it('gets all that it asks for with GO, and can read at once', async () => {
    await using client = await NbdClient.greeted(serving.socket);
    const replies = await client.ask(GO, goFor('drive-scsi0', 1, 2, 3, 99));
    expect(replies.map(({ data }) => data)).toEqual([
      numbers([2, 0], [8, SIZE], [2, FLAGS]),
      Buffer.from('\0\x01drive-scsi0'),
      Buffer.from('\0\x02of a test'),
      numbers([2, 3], [4, 1], [4, 4096], [4, 32 << 20]),
      Buffer.alloc(0),
    ]);
    await expectReads(client);
  });

  it('can ask first, and list what there is', async () => {
    await using client = await NbdClient.greeted(serving.socket);
    expect(await client.ask(INFO, goFor(''))).toMatchObject([{ type: 3 }, { type: ACK }]);
    const [listed, end] = await client.ask(LIST);
    expect(listed).toMatchObject({ type: SERVER, data: Buffer.from('\0\0\0\x0bdrive-scsi0of a test') });
    expect(end).toMatchObject({ type: ACK });
    await client.ask(GO, goFor(''));
    await expectReads(client);
  });

  it('can send all of it one byte at a time', async () => {
    await using client = await NbdClient.connect(serving.socket);
    await client.dribble(u32(3), optionOf(STRUCTURED), optionOf(GO, goFor('', 3)));
    await client.read(18);
    await client.replies();
    expect(await client.replies()).toHaveLength(3);
    await client.dribble(requestOf({ type: READ, offset: 7, length: 9 }));
    const [chunk] = await client.chunks();
    expect(chunk?.payload.subarray(8)).toEqual(bytes.subarray(7, 16));
  });
});

describe('what is not there', () => {
  it.each([
    ['TLS', STARTTLS, Buffer.alloc(0), UNSUPPORTED],
    ['an option that nobody knows', 4711, Buffer.from('some data'), UNSUPPORTED],
    ['another disk', GO, goFor('drive-scsi1'), UNKNOWN],
    ['news of another disk', INFO, goFor('drive-scsi1'), UNKNOWN],
    ['LIST with data', LIST, Buffer.of(0), INVALID],
    ['STRUCTURED_REPLY with data', STRUCTURED, Buffer.of(0), INVALID],
    ['GO without a name', GO, Buffer.alloc(0), INVALID],
    [
      'GO with a name that is longer than the data',
      GO,
      Buffer.concat([u32(0xffffffff), Buffer.from('x')]),
      INVALID,
    ],
    ['GO with more requests than data', GO, Buffer.concat([u32(0), Buffer.of(0xff, 0xff)]), INVALID],
    ['GO with data behind the requests', GO, Buffer.concat([goFor(''), Buffer.of(0)]), INVALID],
    ['contexts before structured replies', SET_CONTEXT, contextsOf('', 'base:allocation'), INVALID],
  ])('%s is refused, and the client can go on', async (_, option, data, type) => {
    await using client = await NbdClient.greeted(serving.socket);
    expect(await client.ask(option ?? 0, data)).toMatchObject([{ option, type }]);
    await client.ask(GO ?? 0, goFor(''));
    await expectReads(client);
  });

  it('another disk, asked for the old way, ends the connection', async () => {
    await using client = await NbdClient.greeted(serving.socket);
    client.write(optionOf(EXPORT_NAME, Buffer.from('drive-scsi1')));
    expect(await client.rest()).toHaveLength(0);
  });
});

describe('which parts are holes', () => {
  it.each([
    ['by name', LIST_CONTEXT, ['base:allocation'], true],
    ['by name space', LIST_CONTEXT, ['base:'], true],
    ['among all', LIST_CONTEXT, [], true],
    ['not under another name', LIST_CONTEXT, ['qemu:dirty-bitmap:x', 'base:other'], false],
    ['when it selects that', SET_CONTEXT, ['x:y', 'base:allocation'], true],
    ['not when it selects nothing', SET_CONTEXT, [], false],
    ['not when it selects a name space', SET_CONTEXT, ['base:'], false],
  ])('is offered to a client %s', async (_, option, queries, found) => {
    await using client = await NbdClient.greeted(serving.socket);
    await client.ask(STRUCTURED ?? 0);
    const replies = await client.ask(option ?? 0, contextsOf('', ...queries));
    const names = replies
      .filter(({ type }) => type === CONTEXT)
      .map(({ data }) => data.toString('latin1', 4));
    expect(names).toEqual(found ? ['base:allocation'] : []);
    expect(replies.at(-1)).toMatchObject({ type: ACK });
  });

  it.each([
    ['a count that is larger than the data', Buffer.concat([u32(0), u32(0xffffffff)]), INVALID],
    ['another disk', contextsOf('drive-scsi1', 'base:allocation'), UNKNOWN],
  ])('is refused for %s', async (_, data, type) => {
    await using client = await NbdClient.greeted(serving.socket);
    await client.ask(STRUCTURED ?? 0);
    expect(await client.ask(SET_CONTEXT ?? 0, data)).toMatchObject([{ type }]);
  });
});

describe('a client that does not keep to the protocol is left, and nothing is said to it:', () => {
  it.each([
    ['flags that nobody knows', u32(7)],
    ['a request instead of flags', requestOf({ type: READ })],
    ['another magic number', Buffer.concat([u32(3), Buffer.alloc(16, 0x41)])],
    ['an option of 4 GiB', Buffer.concat([u32(3), optionOf(LIST ?? 0, Buffer.alloc(0), 0xffffffff)])],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ])('%s', async (_, said) => {
    await using client = await NbdClient.connect(serving.socket);
    await client.read(18);
    client.write(said);
    expect(await client.rest()).toHaveLength(0);
  });

  it.each([
    ['before it has said anything', Buffer.alloc(0)],
    ['within its flags', Buffer.of(0, 0)],
    ['within the head of an option', Buffer.concat([u32(3), optionOf(GO ?? 0).subarray(0, 11)])],
    ['within the data of an option', Buffer.concat([u32(3), optionOf(GO ?? 0, goFor('x'), 500)])],
  ])('one that leaves %s', async (_, said) => {
    await using client = await NbdClient.connect(serving.socket);
    await client.read(18);
    client.write(said);
    client.socket.end();
    expect(await client.rest()).toHaveLength(0);
  });

  it('and those who stay are served as before', async () => {
    await using client = await NbdClient.reading(serving.socket);
    await expectReads(client);
  });
});

it('an aborted handshake is acknowledged, and ends', async () => {
  await using client = await NbdClient.greeted(serving.socket);
  expect(await client.ask(ABORT ?? 0)).toMatchObject([{ type: ACK }]);
  expect(await client.rest()).toHaveLength(0);
});

it('of clients that say nothing, 16 are borne with; the next is turned away', async () => {
  await using few = await Serving.start((await memoryDisk(bytes, [64 << 10])).reader);
  const silent = await Promise.all(Array.from({ length: 16 }, () => NbdClient.connect(few.socket)));
  for (const client of silent) await client.read(18);
  await using late = await NbdClient.connect(few.socket);
  expect(await late.rest()).toHaveLength(0);
  for (const client of silent) await client[Symbol.asyncDispose]();
  await wait(50);
  await using client = await NbdClient.reading(few.socket);
  await expectReads(client);
});
