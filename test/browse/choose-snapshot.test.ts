import { describe, expect, it } from 'vitest';
import { chooseSnapshot, type HeldSnapshot, subjectOf } from '../../src/browse/choose-snapshot.ts';
import { blobId, parseFileId } from '../../src/repository/object-id.ts';
import type { Snapshot } from '../../src/repository/snapshot-file.ts';
import { snapshotFacts } from '../repository/snapshot-facts.ts';

function held(start: string, facts: Partial<Snapshot> = {}): HeldSnapshot {
  const id = parseFileId(start.padEnd(64, '0'));
  if (id === undefined) throw new Error(`${start} is no id`);
  const snapshot = { ...snapshotFacts(blobId(new Uint8Array(32))), id, original: undefined, ...facts };
  return { repository: 'main', snapshot };
}

const old = held('aaaa1', { time: '2026-11-20T18:00:00+01:00' });
/** Later, though its text sorts before. */
const newest = held('aaaa2', { time: '2026-11-20T17:30:00Z' });
const container = held('bbbb1', { paths: ['/lxc/105'] });
const elsewhere = held('cccc1', { paths: ['/lxc/105'], hostname: 'lab' });
const node = held('dddd1', { paths: ['/node/fra1'] });
const foreign = held('eeee1', { paths: ['/qemu/101'], tags: [], time: '2027-01-01T00:00:00Z' });
const rewritten = held('ffff1', { paths: ['/lxc/106'], original: parseFileId('1234'.padEnd(64, '0')) });
const all = [old, newest, container, elsewhere, node, foreign, rewritten];

const wish = { guest: undefined, from: undefined };

describe('which snapshot is meant', () => {
  it.each([
    ['an id', { ...wish, what: old.snapshot.id }, old],
    ['the beginning of an id', { ...wish, what: 'aaaa1' }, old],
    ['the id that it had before it was rewritten', { ...wish, what: '1234' }, rewritten],
    ['a guest, for its newest', { ...wish, what: 'qemu/101' }, newest],
    ['latest, with a guest', { ...wish, what: 'latest', guest: 'qemu/101' }, newest],
    ['a guest of one host', { ...wish, what: 'lxc/105', from: 'lab' }, elsewhere],
    ['a node', { ...wish, what: 'node/fra1' }, node],
    ['an id of what pvebak did not write', { ...wish, what: 'eeee' }, foreign],
  ])('is said by %s', (_, wanted, expected) => {
    expect(chooseSnapshot(all, wanted)).toBe(expected);
  });

  it.each([
    ['latest of nothing', { ...wish, what: 'latest' }, 'usage', /latest of what/],
    ['latest of what is no guest', { ...wish, what: 'latest', guest: '101' }, 'usage', /no guest/],
    ['an id that fits two', { ...wish, what: 'aaaa' }, 'usage', /fits 2 snapshots/],
    ['three digits', { ...wish, what: 'aaa' }, 'usage', /no snapshot/],
    ['an id that is not there', { ...wish, what: '9999' }, 'snapshot-not-found', /9999/],
    ['a guest that several hosts have', { ...wish, what: 'lxc/105' }, 'usage', /pve, lab/],
    ['a guest without snapshots', { ...wish, what: 'qemu/999' }, 'snapshot-not-found', /qemu\/999/],
    ['an id with a guest', { ...wish, what: 'bbbb1', guest: 'lxc/105' }, 'usage', /--guest/],
    ['an id with a host', { ...wish, what: 'bbbb1', from: 'pve' }, 'usage', /--from/],
  ])('is not said by %s', (_, wanted, code, message) => {
    expect(() => chooseSnapshot(all, wanted)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });
});

describe('what a snapshot is of', () => {
  it.each([
    [old, 'qemu/101'],
    [node, 'node/fra1'],
    [foreign, undefined],
    [held('1111', { paths: ['/qemu/101', '/x'] }), undefined],
    [held('1111', { paths: ['/home'] }), undefined],
  ])('%#', ({ snapshot }, expected) => {
    expect(subjectOf(snapshot)).toBe(expected);
  });
});
