import { describe, expect, it } from 'vitest';
import { blobId, type FileId, parseFileId } from '../../src/repository/object-id.ts';
import { encodeSnapshot, parseSnapshot } from '../../src/repository/snapshot-file.ts';
import { snapshotFacts } from './snapshot-facts.ts';

const ID = parseFileId('ab'.repeat(32)) as FileId;
const SUMMARY = {
  backupStart: '2026-11-22T18:00:00.120+01:00',
  backupEnd: '2026-11-22T18:06:00.000+01:00',
  totalBytesProcessed: 68_719_476_736,
  dataAdded: 1_073_741_824,
  dataAddedPacked: 0,
};
const FACTS = snapshotFacts(blobId(new Uint8Array(32).fill(7)));

describe('a snapshot file', () => {
  it('is read as it was written', () => {
    expect(parseSnapshot(Buffer.from(encodeSnapshot(FACTS)).toString(), ID)).toEqual({
      ...FACTS,
      id: ID,
      original: undefined,
    });
  });

  it('has the fields that restic gives it', () => {
    expect(JSON.parse(Buffer.from(encodeSnapshot(FACTS)).toString())).toEqual({
      time: '2026-11-22T18:00:00.120+01:00',
      tree: '07'.repeat(32),
      paths: ['/qemu/101'],
      hostname: 'pve',
      username: 'pvebak',
      tags: ['pvebak', 'guest=00112233445566ff'],
      program_version: 'pvebak 0.1.0',
    });
  });

  it('may lack all but tree and time, as old ones do', () => {
    const text = JSON.stringify({
      time: '2020-01-01T00:00:00.123456789Z',
      tree: '07'.repeat(32),
      tags: null,
    });
    expect(parseSnapshot(text, ID)).toMatchObject({ hostname: '', paths: [], tags: [] });
  });

  it('knows the id that it had before it was rewritten', () => {
    const original = 'cd'.repeat(32);
    const text = JSON.stringify({ ...JSON.parse(Buffer.from(encodeSnapshot(FACTS)).toString()), original });
    expect(parseSnapshot(text, ID).original).toBe(original);
  });

  describe('with a summary of what it took', () => {
    const text = Buffer.from(encodeSnapshot({ ...FACTS, summary: SUMMARY })).toString();

    it('is read as it was written', () => {
      expect(parseSnapshot(text, ID).summary).toEqual(SUMMARY);
    });

    it('names its members as restic does', () => {
      expect(JSON.parse(text).summary).toEqual({
        backup_start: SUMMARY.backupStart,
        backup_end: SUMMARY.backupEnd,
        data_added: 1_073_741_824,
        data_added_packed: 0,
        total_bytes_processed: 68_719_476_736,
      });
    });

    it.each([
      ['that is none', { summary: 'quick' }],
      ['that is null', { summary: null }],
      ['that lacks a member', { data_added: undefined }],
      ['with less than nothing', { data_added: -1 }],
      ['with a part of a byte', { total_bytes_processed: 0.5 }],
      ['with more than can be counted', { total_bytes_processed: 2 ** 53 }],
      ['with a number that is text', { data_added_packed: '5' }],
      ['with a date that is none', { backup_end: 'soon' }],
      ['that ends before it starts', { backup_end: '2026-11-22T17:59:00+01:00' }],
    ])('%s is a snapshot all the same', (_, changes) => {
      const raw = JSON.parse(text);
      const summary = 'summary' in changes ? changes.summary : { ...raw.summary, ...changes };
      const read = parseSnapshot(JSON.stringify({ ...raw, summary }), ID);
      expect(read).toMatchObject({ tree: FACTS.tree, time: FACTS.time });
      expect(read.summary).toBeUndefined();
    });
  });

  it.each([
    ['no JSON', '{', 'not JSON'],
    ['null', 'null', 'no tree or no time'],
    ['no tree', '{"time":"2026-01-01T00:00:00Z"}', 'no tree or no time'],
    ['a wrong tree', '{"time":"2026-01-01T00:00:00Z","tree":"00"}', 'no tree or no time'],
    ['no time', JSON.stringify({ tree: '07'.repeat(32) }), 'no tree or no time'],
    ['a time that is none', JSON.stringify({ tree: '07'.repeat(32), time: 'today' }), 'no tree or no time'],
  ])('with %s is damaged, and named', (_, text, message) => {
    expect(() => parseSnapshot(text, ID)).toThrow(`snapshots/${ID}: ${message}`);
  });
});
