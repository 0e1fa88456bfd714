/** Whoever can write to the repository can write into configurations what reaches a node: it comes when it is allowed. */
import { describe, expect, it } from 'vitest';
import type { RestoreIntent } from '../../src/config/site.ts';
import type { Facts } from '../../src/plan/facts.ts';
import { makePlan, type PlanOptions } from '../../src/plan/make-plan.ts';
import type { GuestContents } from '../../src/pve/guest-contents.ts';
import type { HostAccess } from '../../src/pve/host-access.ts';
import type { Guest, StorageFacts } from '../../src/pve/inventory.ts';
import { backup, facts, guest, HOUR, intent, inventory, node, ref, site, vmid } from './sample-site.ts';

const web = guest('qemu/101');
const box = guest('lxc/105');
const snapshots = { web: backup(web, HOUR), box: backup(box, 2 * HOUR) };
const args: HostAccess = { line: 'args: -x', reason: 'qemu-arguments' };
const share: HostAccess = { line: 'mp2: /srv,mp=/srv', reason: 'host-path' };
const privileged: HostAccess = { line: 'unprivileged: 0', reason: 'privileged' };

const ofWeb = intent('r', { onExisting: 'replace' });
const ofBox = intent('r', {
  guest: ref('lxc/105'),
  to: { ...ofWeb.to, vmid: vmid(905) },
  onExisting: 'replace',
});

function planOf(
  given: {
    readonly restore: RestoreIntent;
    readonly found: readonly HostAccess[];
    /** What has the vmid. */
    readonly there?: Guest;
    /** That its volumes lie on. */
    readonly storages?: readonly string[];
  },
  options: PlanOptions = {},
) {
  const { restore, found, there, storages = [] } = given;
  const at = inventory(there === undefined ? [] : [there], { storages: storages.map(storageFacts) });
  const volumes = storages.map((storage) => ({ storage }));
  const known = withContents(facts({ pve: at }, Object.values(snapshots)), {
    tags: [],
    volumes,
    bridges: [],
    hostAccess: found,
  });
  return makePlan(site({ restores: [restore] }), known, { restoreNames: [restore.name], ...options });
}

function storageFacts(storage: string): StorageFacts {
  const sizes = { totalBytes: 0, usedBytes: 0 };
  return { node: node('pve'), storage, available: true, shared: false, content: ['rootdir'], ...sizes };
}

function withContents(known: Facts, said: GuestContents): Facts {
  const contents = new Map(Object.values(snapshots).map(({ id }) => [id, said]));
  const repositories = [...known.repositories].map(([name, held]) => [name, { ...held, contents }] as const);
  return { ...known, repositories: new Map(repositories) };
}

describe('what would reach the node', () => {
  it.each<[string, Parameters<typeof planOf>[0], PlanOptions?]>([
    ['goes to a free vmid', { restore: ofWeb, found: [args] }],
    ['overwrites a guest without it', { restore: ofWeb, found: [args], there: guest('qemu/901') }],
    [
      'overwrites a guest with other lines',
      { restore: ofWeb, found: [args], there: guest('qemu/901', { hostAccess: ['args: -y'] }) },
    ],
    ['is a bind mount', { restore: ofBox, found: [share] }],
    ['is a bind mount, and goes as a file', { restore: { ...ofBox, mode: 'staged' }, found: [share] }],
    [
      'makes an unprivileged container privileged',
      { restore: ofBox, found: [privileged], there: guest('lxc/905') },
    ],
  ])('is a problem, and nothing is planned, when it %s', (_, given) => {
    const plan = planOf(given);
    expect(plan.restores).toEqual([]);
    expect(plan.problems).toEqual([{ kind: 'restore-reaches-node', intent: 'r', access: given.found }]);
  });

  it.each<[string, Parameters<typeof planOf>[0], PlanOptions, readonly HostAccess[] | undefined]>([
    ['all of it may', { restore: ofWeb, found: [args] }, { allowsHostAccess: true }, [args]],
    [
      'that of this restore may',
      { restore: { ...ofWeb, allow: ['host-access'] }, found: [args] },
      {},
      [args],
    ],
    [
      'the overwritten guest has the very same line',
      { restore: ofWeb, found: [args], there: guest('qemu/901', { hostAccess: ['args: -x'] }) },
      {},
      undefined,
    ],
    [
      'a container on several storages gets no bind mounts',
      { restore: ofBox, found: [share], storages: ['local', 'fast'] },
      {},
      undefined,
    ],
    [
      'a stream makes no bind mounts',
      { restore: { ...ofBox, mode: 'streamed' }, found: [share] },
      {},
      undefined,
    ],
    [
      'a container was privileged, and its vmid is free',
      { restore: ofBox, found: [privileged] },
      {},
      [privileged],
    ],
    [
      'the overwritten container is privileged',
      { restore: ofBox, found: [privileged], there: guest('lxc/905', { hostAccess: ['unprivileged: 0'] }) },
      {},
      undefined,
    ],
    ['there is nothing', { restore: ofWeb, found: [] }, {}, undefined],
  ])('comes when %s, and what is new is named', (_, given, options, named) => {
    const plan = planOf(given, options);
    expect(plan.problems).toEqual([]);
    expect(plan.restores.map(({ hostAccess }) => hostAccess)).toEqual([named]);
  });

  it('is said together with all else that stands against the restore', () => {
    const there = guest('qemu/901', { lock: 'backup' });
    expect(planOf({ restore: ofWeb, found: [args], there }).problems.map(({ kind }) => kind)).toEqual([
      'guest-locked',
      'restore-reaches-node',
    ]);
  });

  it('is not known where nobody has looked, and is left to apply', () => {
    const plan = makePlan(site({ restores: [ofWeb] }), facts({ pve: inventory([]) }, [snapshots.web]));
    expect(plan).toMatchObject({ restores: [{ intent: 'r' }], problems: [] });
    expect(plan.restores[0]).not.toHaveProperty('hostAccess');
  });
});
