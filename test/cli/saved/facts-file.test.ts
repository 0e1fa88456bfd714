import { describe, expect, it } from 'vitest';
import { encodeFactsFile, type FactsFile, parseFactsFile } from '../../../src/cli/saved/facts-file.ts';
import { makePlan } from '../../../src/plan/make-plan.ts';
import {
  backup,
  facts,
  guest,
  HOUR,
  inventory,
  node,
  policy,
  site,
  snapshotId,
} from '../../plan/sample-site.ts';

const web = guest('qemu/101', {
  name: 'web-1 "quoted"',
  lock: 'backup',
  protection: true,
  volumes: [
    { key: 'scsi0', bytes: 5 },
    { key: 'ide2', leftOut: 'cdrom' },
  ],
});
const recorded = facts({ pve: inventory([web]), ber: 'connect ETIMEDOUT 10.0.7.10:22' }, [backup(web, HOUR)]);
const file: FactsFile = {
  kind: 'pvebak-facts',
  version: 1,
  madeBy: 'pvebak 0.1.0',
  site: { file: 'site.yaml', sha256: snapshotId('ab') },
  facts: {
    ...recorded,
    repositories: new Map(
      [...recorded.repositories].map(([name, held]) => [
        name,
        {
          ...held,
          pinned: new Set([snapshotId('01')]),
          acknowledged: new Set([snapshotId('04')]),
          damaged: new Set([snapshotId('02')]),
          verified: new Map([[snapshotId('03'), 5]]),
          nodeSnapshots: [{ id: snapshotId('c1'), time: 7, hostId: 'pve', node: node('pve') }],
        },
      ]),
    ),
  },
};

it('recorded facts are the same when they are read again', () => {
  expect(parseFactsFile(encodeFactsFile(file), 'facts.json')).toEqual(file);
});

it('a plan from recorded facts is the plan from the facts', () => {
  const declared = site({ backups: [policy('all')] });
  const { facts: read } = parseFactsFile(encodeFactsFile(file), 'facts.json');
  expect(makePlan(declared, read)).toEqual(makePlan(declared, file.facts));
});

describe('a file is refused, in one sentence that does not repeat it,', () => {
  const text = encodeFactsFile(file);
  it.each<[string, string, string]>([
    ['that is cut', text.slice(0, -20), 'facts.json is no JSON'],
    ['that is a list', '[]', 'facts.json is no pvebak-facts'],
    ['that is nothing', 'null', 'facts.json is no pvebak-facts'],
    ['of a later version', text.replace('"version": 1', '"version": 2'), 'this pvebak reads version 1'],
    ['of another kind', text.replace('pvebak-facts', 'pvebak-plan'), 'facts.json is no pvebak-facts'],
    ['with a member more', text.replace('"version": 1', '"version": 1, "more": 1'), 'additional properties'],
    ['with a vmid below 100', text.replaceAll('"vmid": 101', '"vmid": 9'), 'must be >= 100'],
    ['with a node that is none', text.replaceAll('"node": "pve"', '"node": "../x"'), 'must match pattern'],
    ['with a number as text', text.replace('"now": 1', '"now": "1"'), 'facts.json is no JSON'],
    [
      'with a list as map',
      text.replace(/"hosts": \{[\s\S]*\n {2}\},\n {2}"repositories"/, '"hosts": [],\n"repositories"'),
      'must be object',
    ],
    ['with a host of no kind', text.replace('"kind": "unreachable"', '"kind": "constructor"'), 'kind'],
  ])('%s', (_, damaged, message) => {
    expect(damaged).not.toBe(text);
    expect(() => parseFactsFile(damaged, 'facts.json')).toThrow(message);
  });

  it('however deep it is', () => {
    const deep = `{"kind":"pvebak-facts","version":1,"site":${'['.repeat(200_000)}${']'.repeat(200_000)}}`;
    expect(() => parseFactsFile(deep, 'facts.json')).toThrow('facts.json');
  });
});

it('names that mean something to JavaScript stay names', () => {
  const odd: FactsFile = {
    ...file,
    facts: { ...file.facts, hosts: new Map([['__proto__', { kind: 'unreachable', reason: 'x' }]]) },
  };
  const { hosts } = parseFactsFile(encodeFactsFile(odd), 'facts.json').facts;
  expect([...hosts.keys()]).toEqual(['__proto__']);
});
