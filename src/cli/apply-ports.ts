import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { ApplyEvent } from '../apply/apply-event.ts';
import type { PlannedHost } from '../apply/apply-host.ts';
import type { ApplyPorts } from '../apply/run-plan.ts';
import type { HostEntry, Site } from '../config/site.ts';
import type { Facts } from '../plan/facts.ts';
import type { Inventory } from '../pve/inventory.ts';
import type { Repository } from '../repository/repository.ts';
import { proveSnapshots } from './prove-snapshots.ts';
import { recheckForgets } from './recheck-forgets.ts';
import type { Surroundings } from './surroundings.ts';
import { toolEnvironment } from './tool-environment.ts';
import { wayToNode } from './way-to-node.ts';

/** The real parts that a plan is carried out with. */
export function applyPorts(
  site: Site,
  known: { readonly facts: Facts; readonly repositories: ReadonlyMap<string, Repository> },
  surroundings: Surroundings,
  emit: (event: ApplyEvent) => void,
): ApplyPorts {
  const { offsetMinutes, temporaryFolder, programVersion } = surroundings;
  const inventories = new Map(
    [...known.facts.hosts].flatMap(([name, host]): [string, Inventory][] =>
      host.kind === 'reached' ? [[name, host.inventory]] : [],
    ),
  );
  return {
    hosts: new Map(
      [...site.hosts.values()].map((host) => [
        host.name,
        plannedHost(host, inventories.get(host.name), surroundings),
      ]),
    ),
    inventories,
    repositories: known.repositories,
    prove: proveSnapshots(surroundings),
    recheck: recheckForgets(site, known, surroundings),
    facts: {
      run: randomBytes(8).toString('hex'),
      runner: { hostname: hostname(), pid: process.pid },
      programVersion,
      temporaryFolder,
      offsetMinutes,
      environment: toolEnvironment(surroundings.env),
    },
    known: new Map([...known.facts.repositories].map(([name, { snapshots }]) => [name, snapshots])),
    emit,
  };
}

function plannedHost(
  host: HostEntry,
  inventory: Inventory | undefined,
  surroundings: Surroundings,
): PlannedHost {
  return {
    name: host.name,
    id: host.id,
    wayTo: (node) => wayToNode(host, { node, inventory }, surroundings),
    reachesAllNodes: host.access.kind === 'ssh',
    dumpDir: host.dumpDir,
    ...(host.access.kind === 'ssh' &&
      host.access.stallTimeoutMs !== undefined && { stallTimeoutMs: host.access.stallTimeoutMs }),
    compression: host.backupCompression,
    cleanup: host.cleanup,
    vzdump: host.vzdump,
  };
}
