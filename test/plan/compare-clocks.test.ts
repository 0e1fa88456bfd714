import { describe, expect, it } from 'vitest';
import type { HostAccess } from '../../src/config/site.ts';
import { makePlan } from '../../src/plan/make-plan.ts';
import { backup, facts, guest, HOUR, host, inventory, policy, site } from './sample-site.ts';

const YEAR = 365 * 24 * HOUR;
const web = guest('qemu/101');
const ssh: HostAccess = {
  kind: 'ssh',
  addresses: [],
  username: 'root',
  login: { kind: 'agent' },
  hostKeys: { kind: 'fingerprints', sha256: [] },
};

/** One snapshot too many of a guest on the first host; how far the hosts' clocks are ahead, none of one that does not tell. */
function planOf(...clocks: readonly (number | undefined | 'this machine')[]) {
  const names = ['pve', 'fra', 'ber'].slice(0, clocks.length);
  const hosts = names.map((name, at) => host(name, clocks[at] === 'this machine' ? {} : { access: ssh }));
  const inventories = names.map((name, at) => {
    const clock = clocks[at];
    const ahead = clock === 'this machine' ? 0 : clock;
    return [
      name,
      inventory(at === 0 ? [web] : [], {
        clusterFingerprint: String(at).repeat(64),
        ...(ahead !== undefined && { clockAheadMs: ahead }),
      }),
    ] as const;
  });
  const held = [backup(web, HOUR), backup(web, 5 * HOUR)];
  const backups = [policy('gold', { retention: { last: 1 } })];
  return makePlan(site({ hosts, backups }), facts(Object.fromEntries(inventories), held));
}

const doubted = (name: string, aheadMs: number) => ({ kind: 'forget-clock-differs', host: name, aheadMs });
const differs = (name: string, aheadMs: number) => ({ kind: 'clock-differs', host: name, aheadMs });

describe('the clocks of nodes', () => {
  it.each([
    ['that agree let forgetting go on', [1000], 1, [], []],
    ['that do not tell are no reason to hold anything', [undefined], 1, [], []],
    ['a year behind: it may be this machine that is ahead', [-YEAR], 0, [doubted('pve', -YEAR)], []],
    ['a year ahead hold it as well', [YEAR], 0, [doubted('pve', YEAR)], []],
    ['of which one agrees show which is wrong', [YEAR, 0], 1, [], [differs('pve', YEAR)]],
    ['this machine itself is no witness', [YEAR, 'this machine'], 0, [doubted('pve', YEAR)], []],
    ['alone, it has nobody to compare with', ['this machine'], 1, [], []],
  ] as const)('%s', (_, clocks, going, problems, notes) => {
    const plan = planOf(...clocks);
    expect(plan.forgets).toHaveLength(going);
    expect(plan.problems).toEqual(problems);
    expect(plan.notes.filter(({ kind }) => kind === 'clock-differs')).toEqual(notes);
  });
});
