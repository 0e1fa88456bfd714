/** A night in which much would be forgotten: a tag dropped, a retention shortened, a guest that grew, a clock that is wrong. */
import type { Facts, GuestSnapshot } from '../../src/plan/facts.ts';
import {
  backup,
  facts,
  filter,
  guest,
  HOUR,
  host,
  inventory,
  NOW,
  policy,
  site,
} from '../plan/sample-site.ts';
import type { Scene } from './plan-scenes.ts';

const DAY = 24 * HOUR;
const GIB = 2 ** 30;
const web = guest('qemu/101', { name: 'web-1', tags: ['gold'] });
const mail = guest('qemu/119', { name: 'mail' });
const nas = guest('qemu/144', { name: 'nas', lock: 'backup' });
const test = guest('qemu/299', { name: 'test-jan' });
const ssh = {
  kind: 'ssh',
  addresses: [],
  username: 'root',
  login: { kind: 'agent' },
  hostKeys: { kind: 'fingerprints', sha256: [] },
} as const;

const months = (count: number) =>
  Array.from({ length: count }, (_, month) => backup(mail, month * 30 * DAY + HOUR, { policies: ['gold'] }));
const nights = (count: number) =>
  Array.from({ length: count }, (_, night) => backup(web, night * DAY + 2 * HOUR, { policies: ['gold'] }));
const grown: readonly GuestSnapshot[] = [30, 54, 78, 102, 126].map((hours) => ({
  ...backup(nas, hours * HOUR, { policies: ['standard'] }),
  history: { durationMs: HOUR, readBytes: 500 * GIB, newBytes: (hours === 30 ? 380 : 9) * GIB },
}));

const known = facts(
  {
    fra: inventory([web, mail, nas, test], { clockAheadMs: -300 }),
    ber: inventory([], { clusterFingerprint: 'bb'.repeat(32), clockAheadMs: 47 * 60_000 }),
  },
  [...months(12), ...nights(9), ...grown],
);

export const brakes: Scene = {
  site: site({
    hosts: [host('fra', { access: ssh }), host('ber', { access: ssh })],
    repositories: new Map([
      [
        'main',
        {
          name: 'main',
          path: '/main',
          password: { kind: 'env', name: 'PASSWORD' },
          prune: { everyMs: 7 * DAY, mostUnusedShare: 0.1 },
        },
      ],
    ]),
    backups: [
      policy('gold', { hosts: ['fra'], include: filter({ tags: ['gold'] }), retention: { last: 5 } }),
      policy('standard', {
        hosts: ['fra'],
        exclude: filter({ tags: ['gold'] }),
        include: filter({ vmids: [mail.ref.vmid, nas.ref.vmid] }),
        retention: { daily: 7 },
      }),
    ],
    guards: { forgetMax: { share: 0.1, atLeast: 10 }, policyChangeGraceMs: 14 * DAY, uncovered: 'fail' },
  }),
  facts: withHistory(known),
};

function withHistory(before: Facts): Facts {
  const repositories = [...before.repositories].map(
    ([name, held]) =>
      [
        name,
        {
          ...held,
          prunedAt: NOW - 8 * DAY,
          retentions: new Map([
            [
              'gold',
              [
                { since: NOW - 90 * DAY, retention: { last: 7, monthly: 12 } },
                { since: NOW - 3 * DAY, retention: { last: 5 } },
              ],
            ],
            ['standard', [{ since: NOW - 90 * DAY, retention: { daily: 7 } }]],
          ]),
        },
      ] as const,
  );
  return { ...before, repositories: new Map(repositories) };
}
