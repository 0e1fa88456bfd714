import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parseRecord } from '../../src/records/parse-record.ts';
import { encodeRecord, type PvebakRecord } from '../../src/records/record.ts';
import { recordHead, recordTags } from '../../src/records/record-tags.ts';

const schema = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../schemas/record.schema.json'), 'utf8'),
);
const validate = new Ajv({ allErrors: true, strict: true }).compile(schema);

const ID = 'ab'.repeat(32);
const TIMES = { started: '2026-11-22T18:00:00.123Z', ended: '2026-11-22T18:10:00+01:00' };
const WEB = {
  id: ID,
  original: 'cd'.repeat(32),
  path: '/qemu/101',
  hostname: 'pve',
  time: '2026-11-22T02:00:00.1Z',
};

const RECORDS: readonly PvebakRecord[] = [
  {
    kind: 'verify',
    ...TIMES,
    host: 'backup-1',
    scope: 'repository',
    reading: 'subset',
    part: { number: 3, of: 20 },
    outcome: 'damaged',
    whole: [WEB],
    damaged: [{ id: ID }],
    faults: ['data/ab/abab: the file is missing'],
  },
  {
    kind: 'verify',
    ...TIMES,
    host: 'backup-1',
    scope: 'snapshots',
    reading: 'read-data',
    outcome: 'whole',
    whole: [],
    damaged: [],
    faults: [],
  },
  { kind: 'pin', snapshots: [WEB], until: '2027-01-01T00:00:00Z', reason: 'before the upgrade' },
  { kind: 'pin', snapshots: [], reason: '' },
  { kind: 'ack', snapshots: [WEB], reason: 'a new archive' },
  {
    kind: 'restore',
    snapshot: { id: ID },
    guest: 'qemu/101',
    to: { host: 'lab', node: 'pve1', vmid: 901 },
    ...TIMES,
    outcome: 'restored',
  },
  {
    kind: 'restore',
    snapshot: WEB,
    guest: 'qemu/101',
    to: { host: 'lab', node: 'pve1', vmid: 901, cluster: 'ef'.repeat(32), line: '00112233445566ff' },
    ...TIMES,
    outcome: 'begun',
  },
  { kind: 'prune', bytes: 5 * 2 ** 40, unusedBytes: 0 },
  {
    kind: 'policies',
    policies: [{ name: 'gold', keep: { last: 2, withinMs: 1_209_600_000 } }, { name: 'all' }],
  },
  {
    kind: 'adopt',
    from: { line: '00112233445566ff', hostname: 'pve', path: '/qemu/101' },
    to: { line: 'ff66554433221100' },
    undone: true,
    reason: 'another cluster',
  },
];

describe('a record', () => {
  it.each(RECORDS)(
    'of the kind $kind is the same when it is read again, and keeps to its schema',
    (record) => {
      const json = encodeRecord(record);
      expect(parseRecord(json)).toEqual(record);
      expect(validate(JSON.parse(Buffer.from(json).toString())), JSON.stringify(validate.errors)).toBe(true);
    },
  );

  it('is JSON with a version, indented, and ends with a newline', () => {
    const text = Buffer.from(encodeRecord({ kind: 'pin', snapshots: [], reason: 'x' })).toString();
    expect(text).toBe('{\n  "version": 1,\n  "kind": "pin",\n  "snapshots": [],\n  "reason": "x"\n}\n');
  });

  it.each([
    ['no JSON', 'x'],
    ['no object', '[]'],
    ['nothing', ''],
    ['of no version', JSON.stringify({ ...RECORDS[2] })],
    ['of a later version', JSON.stringify({ ...RECORDS[2], version: 2 })],
    ['of a kind to come', JSON.stringify({ version: 1, kind: 'wish' })],
    ['a verification without a time', changed(0, { started: 'yesterday' })],
    ['a verification of a subset that does not say which', changed(0, { part: undefined })],
    ['a verification of a part beyond the last', changed(0, { part: { number: 21, of: 20 } })],
    ['a verification of something that is no snapshot', changed(0, { whole: [{ id: 'x' }] })],
    ['a pin without a list', changed(2, { snapshots: {} })],
    ['an adoption into nothing', changed(9, { to: {} })],
    ['an adoption of a line that is none', changed(9, { from: { line: 'qemu/101' } })],
    ['an adoption that is undone or not', changed(9, { undone: 'yes' })],
    ['a restore to nowhere', changed(5, { to: { host: 'lab' } })],
  ])('that is %s counts as none', (_, text) => {
    expect(parseRecord(Buffer.from(text))).toBeUndefined();
  });

  it('may hold what this version does not know', () => {
    const text = changed(2, { later: true, snapshots: [{ ...WEB, later: 1, time: 'never' }] });
    const { time: _, ...known } = WEB;
    expect(parseRecord(Buffer.from(text))).toEqual({ ...RECORDS[2], snapshots: [known] });
  });
});

function changed(index: number, change: object): string {
  return JSON.stringify({ version: 1, ...RECORDS[index], ...change });
}

describe("a record's tags", () => {
  it.each([
    [0, ['kind=verify', 'reading=subset', 'outcome=damaged', 'scope=repository', 'part=3/20']],
    [1, ['kind=verify', 'reading=read-data', 'outcome=whole', 'scope=snapshots']],
    [2, ['kind=pin']],
    [4, ['kind=ack']],
    [5, ['kind=restore']],
    [9, ['kind=adopt', 'from=00112233445566ff', 'to=ff66554433221100']],
  ] as const)('%d say what lists need to know, without a comma', (index, expected) => {
    const record = RECORDS[index];
    if (record === undefined) throw new Error('no such record');
    const tags = recordTags(record);
    expect(tags).toEqual(['pvebak-record', ...expected]);
    expect(tags.join('')).not.toContain(',');
    const head = recordHead({ paths: ['/pvebak'], tags });
    expect(head?.kind).toBe(record.kind);
    expect(head?.tags.get('part')).toBe(index === 0 ? '3/20' : undefined);
  });

  it.each([
    ['a guest', ['/qemu/101'], ['pvebak', 'kind=verify']],
    ['a guest that bears the mark', ['/qemu/101'], ['pvebak-record', 'kind=verify']],
    ['the path alone', ['/pvebak'], ['kind=verify']],
    ['a kind to come', ['/pvebak'], ['pvebak-record', 'kind=wish']],
    ['no kind', ['/pvebak'], ['pvebak-record']],
  ])('make no record of %s', (_, paths, tags) => {
    expect(recordHead({ paths, tags })).toBeUndefined();
  });
});
