import { describe, expect, it } from 'vitest';
import { choosePart, type PartOptions } from '../../src/cli/choose-part.ts';
import { makePlan } from '../../src/plan/make-plan.ts';
import { narrowPlan } from '../../src/plan/narrow-plan.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { formatGuestRef } from '../../src/pve/guest.ts';
import {
  backup,
  facts,
  filter,
  guest,
  HOUR,
  host,
  intent,
  inventory,
  node,
  policy,
  ref,
  refs,
  site,
  vmid,
} from './sample-site.ts';

const gold = guest('qemu/101', { tags: ['gold'], volumes: [{ key: 'scsi1', leftOut: 'backup=0' }] });
const plain = guest('qemu/102');
const locked = guest('qemu/103', { tags: ['gold'], lock: 'backup' });
const away = guest('lxc/201', { node: node('ber1') });
const asleep = guest('lxc/202', { node: node('ber2') });
const declared = site({
  hosts: [host('fra', { configBackup: true }), host('ber'), host('silent')],
  backups: [
    policy('all', { hosts: ['fra', 'ber'], retention: { last: 3 } }),
    policy('gold', { hosts: ['fra'], include: filter({ tags: ['gold'] }), retention: { last: 1 } }),
    policy('far', { hosts: ['silent'] }),
  ],
  restores: [
    intent('copy', {
      guest: ref('qemu/101'),
      fromHostId: 'fra',
      to: { host: 'ber', vmid: vmid(901), unique: false, start: false },
    }),
    intent('lost', {
      guest: ref('lxc/201'),
      fromHostId: 'ber',
      to: { host: 'fra', vmid: vmid(902), unique: false, start: false },
    }),
  ],
});
const known = facts(
  {
    fra: inventory([gold, plain, locked]),
    ber: inventory([away, asleep], {
      clusterFingerprint: 'bb'.repeat(32),
      localNode: node('ber1'),
      nodes: [
        { name: node('ber1'), online: true },
        { name: node('ber2'), online: false },
      ],
    }),
    silent: 'no route',
  },
  [30, 60, 90, 120].map((age) => backup(gold, age * HOUR, { hostId: 'fra' })),
);
const whole = makePlan(declared, known);

function part(options: Partial<PartOptions>, restoreNames: readonly string[] = []): Plan {
  const given = { limit: [], policy: [], guest: [], exclude: [], ...options };
  return narrowPlan(whole, choosePart(given, declared, known), {
    site: declared,
    facts: known,
    restoreNames,
  });
}

function told(plan: Plan): readonly string[] {
  return [
    ...plan.nodeConfigs.due.map(() => 'node'),
    ...refs(plan.backups),
    ...plan.restores.map(({ intent: name }) => name),
    ...plan.forgets.map(({ guest: { ref: of } }) => `forget ${formatGuestRef(of)}`),
    ...plan.problems.map(({ kind }) => kind),
    ...plan.notes.map(({ kind }) => kind),
  ];
}

describe('a part of a plan', () => {
  const EVERYTHING = [
    'node',
    'qemu/101',
    'qemu/102',
    'lxc/201',
    'copy',
    'forget qemu/101',
    'host-unreachable',
    'node-offline',
    'guest-locked',
    'restore-snapshot-missing',
    'volume-left-out',
  ];
  const without = (...names: readonly string[]) => EVERYTHING.filter((name) => !names.includes(name));
  const FRA = ['node', 'qemu/101', 'qemu/102', 'forget qemu/101', 'guest-locked', 'volume-left-out'];

  it.each<[string, Partial<PartOptions>, readonly string[]]>([
    ['of nothing named is the whole', {}, EVERYTHING.filter((name) => name !== 'restore-snapshot-missing')],
    ['of a host has its guests and its node, and what is restored there', { limit: ['fra'] }, FRA],
    ['of a host has its problems only', { limit: ['ber'] }, ['lxc/201', 'copy', 'node-offline']],
    ['of a host that is silent says so', { limit: ['silent'] }, ['host-unreachable']],
    [
      'of a policy has the guests that it selects',
      { policy: ['gold'] },
      ['qemu/101', 'forget qemu/101', 'guest-locked', 'volume-left-out'],
    ],
    ['of a policy has the silence of its hosts', { policy: ['far'] }, ['host-unreachable']],
    [
      'of a guest has all that is done with it',
      { guest: ['qemu/101'] },
      ['qemu/101', 'copy', 'forget qemu/101', 'volume-left-out'],
    ],
    [
      'of a guest on a host has only that',
      { guest: ['fra/qemu/101'] },
      ['qemu/101', 'forget qemu/101', 'volume-left-out'],
    ],
    ['of a guest on a node that is off names the node', { guest: ['ber/lxc/202'] }, ['node-offline']],
    ['of both is what both have', { limit: ['fra'], guest: ['qemu/102'] }, ['qemu/102']],
    ['leaves a host out', { exclude: ['fra'] }, ['lxc/201', 'copy', 'host-unreachable', 'node-offline']],
    [
      'leaves a guest out',
      { limit: ['fra'], exclude: ['qemu/101'] },
      FRA.filter((one) => !/101|volume/.test(one)),
    ],
    ['leaves a policy out, but not the guests of others', { exclude: ['gold'], limit: ['fra'] }, FRA],
    [
      'leaves out guests that no other policy selects',
      { exclude: ['all'], limit: ['fra'] },
      FRA.filter((one) => one !== 'qemu/102'),
    ],
  ])('%s', (_, options, expected) => {
    const found = told(part(options)).filter((name) => name !== 'restore-snapshot-missing');
    expect(found.toSorted()).toEqual(expected.filter((name) => without().includes(name)).toSorted());
  });

  it('keeps what policies outside of it want kept', () => {
    expect(part({ policy: ['gold'] }).forgets).toEqual(whole.forgets);
    expect(
      whole.forgets[0]?.keep.map(({ by }) => by.map((one) => 'policy' in one && one.policy)),
    ).toContainEqual(['all']);
  });

  it('has a restore that is named, whatever else it is of', () => {
    expect(part({ limit: ['fra'] }, ['copy']).restores.map(({ intent: name }) => name)).toEqual(['copy']);
  });

  it('of a guest on a silent host is taken for possible', () => {
    expect(told(part({ guest: ['qemu/777'] }))).toEqual(['host-unreachable']);
  });
});

describe('a part of a plan over time', () => {
  const gone = guest('qemu/109');
  const web = guest('qemu/201');
  const overTime = site({
    hosts: [host('fra'), host('ber')],
    backups: [policy('all', { hosts: ['fra', 'ber'] })],
    orphans: { keepMs: HOUR },
    moved: [
      {
        from: { hostId: 'fra', guest: ref('qemu/101') },
        to: { host: 'ber', hostId: 'ber', guest: web.ref },
      },
      {
        from: { hostId: 'fra', guest: ref('qemu/102') },
        to: { host: 'ber', hostId: 'ber', guest: ref('qemu/202') },
      },
    ],
  });
  const ber = inventory([web], { clusterFingerprint: 'bb'.repeat(32) });
  const before = facts({ fra: inventory([]), ber }, [
    backup(guest('qemu/101'), 2 * HOUR, { hostId: 'fra' }),
    backup(gone, 5 * HOUR, { hostId: 'fra' }),
  ]);
  const all = makePlan(overTime, before);

  it.each<[string, Partial<PartOptions>, readonly string[]]>([
    ['of a host has what it left', { limit: ['fra'] }, ['orphan qemu/109', 'forget qemu/109']],
    ['of a host has who came to it', { limit: ['ber'] }, ['join qemu/201', 'move-waits']],
    [
      'of a guest that is gone has what it left',
      { guest: ['qemu/109'] },
      ['orphan qemu/109', 'forget qemu/109'],
    ],
    ['of a guest that moved has its history', { guest: ['ber/qemu/201'] }, ['join qemu/201']],
    ['of a policy has none of what is gone: no policy speaks for it', { policy: ['all'] }, ['join qemu/201']],
    ['leaves out what a guest left', { exclude: ['qemu/109'] }, ['join qemu/201', 'move-waits']],
  ])('%s', (_, options, expected) => {
    const given = { limit: [], policy: [], guest: [], exclude: [], ...options };
    const found = narrowPlan(all, choosePart(given, overTime, before), { site: overTime, facts: before });
    expect([
      ...refs(found.adopts).map((name) => `join ${name}`),
      ...refs(found.orphans).map((name) => `orphan ${name}`),
      ...refs(found.forgets).map((name) => `forget ${name}`),
      ...found.notes.map(({ kind }) => kind),
    ]).toEqual(expected);
  });
});

describe('a name that is not there is refused', () => {
  const complete = { ...known, hosts: new Map([...known.hosts].filter(([name]) => name !== 'silent')) };
  it.each<[Partial<PartOptions>, string, string]>([
    [{ limit: ['fre'] }, '--limit fre: there is no such host', 'did you mean fra?'],
    [{ policy: ['golden'] }, '--policy golden: there is no such policy', 'did you mean gold?'],
    [{ guest: ['qemu/1011'] }, '--guest qemu/1011: there is no such guest', 'did you mean qemu/101?'],
    [{ guest: ['ber/qemu/101'] }, '--guest ber/qemu/101: there is no such guest', 'did you mean'],
    [{ guest: ['101'] }, '--guest 101 is no guest', 'write qemu/101'],
    [{ exclude: ['everything'] }, '--exclude everything: there is no such host or policy', 'there are: fra'],
  ])('%o', (options, message, hint) => {
    const given = { limit: [], policy: [], guest: [], exclude: [], ...options };
    expect(() => choosePart(given, declared, complete)).toThrow(
      expect.objectContaining({ message, hint: expect.stringContaining(hint) }),
    );
  });

  it('as is one that a host and a policy share', () => {
    const twice = site({ hosts: [host('fra')], backups: [policy('fra', { hosts: ['fra'] })] });
    const given = { limit: [], policy: [], guest: [], exclude: ['fra'] };
    expect(() => choosePart(given, twice, complete)).toThrow('a host and a policy are called so');
  });
});
