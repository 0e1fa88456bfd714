import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { exitOf, lineWithStatus, newMark, StatusStream } from '../../src/transport/openssh-status.ts';

const mark = newMark();
const wire = `motd\n${mark}+000some error ${mark.slice(0, 9)} and more\n${mark}s255`;

async function read(pieces: readonly Buffer[]) {
  const stream = new StatusStream(mark);
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  for (const piece of pieces) stream.write(piece);
  stream.end();
  await once(stream, 'end');
  return { before: stream.before, text: Buffer.concat(chunks).toString(), record: stream.record };
}

function cut(text: string, size: number): Buffer[] {
  const bytes = Buffer.from(text);
  const count = Math.ceil(bytes.length / size);
  return Array.from({ length: count }, (_, index) => bytes.subarray(index * size, (index + 1) * size));
}

describe('the records in stderr', () => {
  test.for([1, 2, 7, 31, 1000])('are taken out of pieces of %d bytes', async (size) => {
    expect(await read(cut(wire, size))).toEqual({
      before: 'motd\n',
      text: `some error ${mark.slice(0, 9)} and more\n`,
      record: 's255',
    });
  });

  test('hold nothing back that is no record', async () => {
    const stream = new StatusStream(mark);
    stream.write(`${mark}+000`);
    await stream.started;
    stream.write('x');
    expect(String(stream.read())).toBe('x');
    stream.write('[');
    stream.write('1');
    expect(String(stream.read())).toBe('[1');
  });

  test('may be followed by what a background process still writes', async () => {
    expect(await read([Buffer.from(`${mark}+000a${mark}k137b`)])).toMatchObject({
      text: 'ab',
      record: 'k137',
    });
  });

  test('that are cut short are passed on as text', async () => {
    expect(await read([Buffer.from(`${mark}+000a${mark}s`)])).toMatchObject({
      text: `a${mark}s`,
      record: undefined,
    });
  });

  test('that never come leave everything as the words of ssh', async () => {
    expect(await read([Buffer.from('ssh: no')])).toEqual({ before: 'ssh: no', text: '', record: undefined });
  });
});

test.for([
  [0, undefined, { kind: 'status', status: 0 }],
  [128, undefined, { kind: 'status', status: 128 }],
  [254, 's255', { kind: 'status', status: 255 }],
  [254, 's137', { kind: 'status', status: 137 }],
  [254, 'k137', { kind: 'signal', signal: 'SIGKILL' }],
  [254, 's141', { kind: 'signal', signal: 'SIGPIPE' }],
  [254, 's130', { kind: 'signal', signal: 'SIGINT' }],
  [254, 'k163', { kind: 'signal', signal: 'SIG35' }],
  [255, undefined, { kind: 'lost', reason: 'why' }],
  [254, undefined, { kind: 'lost', reason: 'why' }],
  [null, undefined, { kind: 'lost', reason: 'why' }],
] as const)('a client that ends with %s and the record %s means %j', ([code, record, exit]) => {
  expect(exitOf(code, record, () => 'why')).toEqual(exit);
});

test('an argument list that no shell can carry is refused', () => {
  expect(() => lineWithStatus([], mark)).toThrow('there is no command to run');
  expect(() => lineWithStatus(['a\0'], mark)).toThrow('NUL');
});
