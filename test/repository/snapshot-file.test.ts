import { describe, expect, it } from 'vitest';
import { blobId, type FileId, parseFileId } from '../../src/repository/object-id.ts';
import { encodeSnapshot, parseSnapshot } from '../../src/repository/snapshot-file.ts';
import { snapshotFacts } from './snapshot-facts.ts';

const ID = parseFileId('ab'.repeat(32)) as FileId;
const FACTS = snapshotFacts(blobId(new Uint8Array(32).fill(7)));

describe('a snapshot file', () => {
  it('is read as it was written', () => {
    expect(parseSnapshot(encodeSnapshot(FACTS), ID)).toEqual({ ...FACTS, id: ID, original: undefined });
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
    expect(parseSnapshot(Buffer.from(text), ID)).toMatchObject({ hostname: '', paths: [], tags: [] });
  });

  it('knows the id that it had before it was rewritten', () => {
    const original = 'cd'.repeat(32);
    const text = JSON.stringify({ ...JSON.parse(Buffer.from(encodeSnapshot(FACTS)).toString()), original });
    expect(parseSnapshot(Buffer.from(text), ID).original).toBe(original);
  });

  it.each([
    ['no JSON', '{', 'not JSON'],
    ['null', 'null', 'no tree or no time'],
    ['no tree', '{"time":"2026-01-01T00:00:00Z"}', 'no tree or no time'],
    ['a wrong tree', '{"time":"2026-01-01T00:00:00Z","tree":"00"}', 'no tree or no time'],
    ['no time', JSON.stringify({ tree: '07'.repeat(32) }), 'no tree or no time'],
    ['a time that is none', JSON.stringify({ tree: '07'.repeat(32), time: 'today' }), 'no tree or no time'],
  ])('with %s is damaged, and named', (_, text, message) => {
    expect(() => parseSnapshot(Buffer.from(text), ID)).toThrow(`snapshots/${ID}: ${message}`);
  });
});
