import { describe, expect, it } from 'vitest';
import { adoptRecord, undoRecord } from '../../src/cli/adopt-record.ts';
import type { NamedLine } from '../../src/cli/choose-line.ts';
import type { Adoption } from '../../src/plan/facts.ts';
import { line, ref } from '../plan/sample-site.ts';

const at = (hostId: string, guest: string, seed: string): NamedLine => ({
  line: line(seed),
  place: { hostId, guest: ref(guest) },
});
const web = at('fra', 'qemu/101', 'a');
const moved = at('ber', 'qemu/201', 'b');
const git = at('fra', 'lxc/105', 'c');
const unknown: NamedLine = { line: line('d'), place: undefined };
const held = (adoptions: Readonly<Record<string, Adoption>> = {}) => ({
  name: 'main',
  adoptions: new Map(Object.entries(adoptions)),
});

describe('a line is adopted', () => {
  it('with the places of both, as far as they are known', () => {
    const from = { line: web.line, hostname: 'fra', path: '/qemu/101' };
    expect(adoptRecord(web, moved, held(), 'went to Berlin')).toEqual({
      kind: 'adopt',
      from,
      to: { line: moved.line, hostname: 'ber', path: '/qemu/201' },
      reason: 'went to Berlin',
    });
    expect(adoptRecord(web, unknown, held(), '')).toMatchObject({ from, to: { line: unknown.line } });
  });

  it('again, also by another one than before, and after it was taken back', () => {
    const before = { [web.line]: { to: git.line } };
    expect(adoptRecord(web, moved, held(before), '').to.line).toBe(moved.line);
    const undone = { [moved.line]: { to: web.line, undone: true } } as const;
    expect(adoptRecord(web, moved, held(undone), '').to.line).toBe(moved.line);
  });

  it.each<[string, NamedLine, NamedLine, Readonly<Record<string, Adoption>>, string]>([
    ['by itself', web, web, {}, 'are one line'],
    ['by a guest of the other type', web, git, {}, 'no guests of one type'],
    [
      'by one that it has adopted',
      web,
      moved,
      { [moved.line]: { to: web.line } },
      'goes on in qemu/101 of fra (line',
    ],
    [
      'by one that it has adopted over another one',
      web,
      moved,
      { [moved.line]: { to: unknown.line }, [unknown.line]: { to: web.line } },
      'already',
    ],
  ])('never %s', (_, from, to, adoptions, message) => {
    expect(() => adoptRecord(from, to, held(adoptions), '')).toThrow(message);
  });
});

describe('that a line was adopted is taken back', () => {
  it('with what was known of it', () => {
    const known = { to: moved.line, from: web.place, at: moved.place } as Adoption;
    expect(
      undoRecord({ line: web.line, place: undefined }, held({ [web.line]: known }), 'a mistake'),
    ).toEqual({
      kind: 'adopt',
      from: { line: web.line, hostname: 'fra', path: '/qemu/101' },
      to: { line: moved.line, hostname: 'ber', path: '/qemu/201' },
      undone: true,
      reason: 'a mistake',
    });
  });

  it.each([
    ['only when it was', {}],
    ['only once', { [web.line]: { to: moved.line, undone: true } }],
  ] as const)('%s', (_, adoptions) => {
    expect(() => undoRecord(web, held(adoptions), '')).toThrow('in main the history of qemu/101 of fra');
  });
});
