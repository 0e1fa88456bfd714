/** What the world looks like once a plan was carried out: no node, no repository, only facts. */
import type { Site } from '../../src/config/site.ts';
import type {
  Adoption,
  Facts,
  GuestSnapshot,
  HostFacts,
  NodeSnapshot,
  RepositoryFacts,
  RestoredTarget,
} from '../../src/plan/facts.ts';
import type { Plan, RestoreAction } from '../../src/plan/plan.ts';
import { restoredKey } from '../../src/plan/restored-from.ts';
import { formatGuestRef } from '../../src/pve/guest.ts';
import type { Guest } from '../../src/pve/inventory.ts';
import { guest, line, snapshotId } from './sample-site.ts';

/** All in one moment: what was made claims the clock reading of the facts. */
export function appliedFacts(site: Site, before: Facts, plan: Plan): Facts {
  return {
    now: before.now,
    hosts: new Map([...before.hosts].map(([name, host]) => [name, withRestored(name, host, plan)])),
    repositories: new Map(
      [...before.repositories].map(([name, held]) => [name, applied(name, held, { site, before, plan })]),
    ),
  };
}

function withRestored(name: string, host: HostFacts, plan: Plan): HostFacts {
  if (host.kind === 'unreachable') return host;
  const made = plan.restores.filter(({ to }) => to.host === name).map(restored);
  const vmids = new Set(made.map(({ ref }) => ref.vmid));
  const left = host.inventory.guests.filter(({ ref }) => !vmids.has(ref.vmid));
  return { ...host, inventory: { ...host.inventory, guests: [...left, ...made] } };
}

function restored({ snapshot, to }: RestoreAction): Guest {
  return guest(`${snapshot.guest.type}/${to.vmid}`, {
    node: to.node,
    identity: {
      line: line(`9${to.vmid}`),
      machine: { kind: 'smbios-uuid', uuid: `restored-${to.vmid}` },
    },
    ...(to.pool !== undefined && { pool: to.pool }),
  });
}

interface Run {
  readonly site: Site;
  readonly before: Facts;
  readonly plan: Plan;
}

function applied(name: string, held: RepositoryFacts, { site, before, plan }: Run): RepositoryFacts {
  const hostId = (host: string) => site.hosts.get(host)?.id ?? host;
  const gone = new Set(
    plan.forgets
      .filter(({ repository }) => repository === name)
      .flatMap(({ forget }) => forget.map(({ id }) => id)),
  );
  const backups = plan.backups
    .filter(({ repository }) => repository === name)
    .map(
      ({ guest: { ref }, identity, host, policies }): GuestSnapshot => ({
        id: snapshotId(`bac${identity.line}${held.snapshots.length}`),
        time: before.now,
        offsetMinutes: 60,
        hostId: hostId(host),
        guest: ref,
        line: identity.line,
        policies,
      }),
    );
  const configs = plan.nodeConfigs.due
    .filter(({ repository }) => repository === name)
    .map(
      ({ node, host }): NodeSnapshot => ({
        id: snapshotId(`c0f${held.nodeSnapshots.length}`),
        time: before.now,
        hostId: hostId(host),
        node,
      }),
    );
  const snapshots = [...held.snapshots.filter(({ id }) => !gone.has(id)), ...backups];
  // Of each place the proof of what was made last is kept.
  const proofs = plan.verifies
    .filter(({ repository }) => repository === name)
    .toSorted((a, b) => Number(a.snapshot === undefined) - Number(b.snapshot === undefined))
    .flatMap(({ guest: { ref }, snapshot }) => {
      const [made = snapshot] = backups.filter((one) => formatGuestRef(one.guest) === formatGuestRef(ref));
      return made === undefined
        ? []
        : [
            [
              `${made.hostId} /${formatGuestRef(made.guest)}`,
              { id: made.id, madeAt: made.time, provedAt: before.now },
            ] as const,
          ];
    });
  const isPruned = plan.prunes.some(({ repository }) => repository === name);
  const adopted = plan.adopts
    .filter(({ repository }) => repository === name)
    .map(({ from, line: to, hostId: id, guest: { ref } }): [string, Adoption] => {
      const place = { hostId: from.hostId, guest: from.guest };
      return [from.line, { to, from: place, at: { hostId: id, guest: ref } }];
    });
  const readWhole = proofs.map(([, { id }]) => [id, before.now] as const);
  return {
    ...held,
    readWhole: new Map([...(held.readWhole ?? []), ...readWhole]),
    ...(isPruned && { prunedAt: before.now }),
    adoptions: new Map([...(held.adoptions ?? []), ...adopted]),
    proved: new Map([...(held.proved ?? []), ...proofs]),
    restored: new Map([...(held.restored ?? []), ...marksOf(name, { before, plan })]),
    snapshots,
    nodeSnapshots: [...held.nodeSnapshots, ...configs],
  };
}

/** What restores keep of themselves in the repository that they are from. */
function marksOf(
  name: string,
  { before, plan }: Pick<Run, 'before' | 'plan'>,
): readonly (readonly [string, RestoredTarget])[] {
  return plan.restores.flatMap(({ repository, snapshot, to }) => {
    const host = before.hosts.get(to.host);
    if (repository !== name || host?.kind !== 'reached') return [];
    const mark = { snapshot: snapshot.id, line: line(`9${to.vmid}`), restoredAt: before.now };
    return [[restoredKey(host.inventory.clusterFingerprint, to.vmid), mark] as const];
  });
}
