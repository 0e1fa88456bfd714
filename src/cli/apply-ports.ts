import { randomBytes } from 'node:crypto';
import type { ApplyEvent } from '../apply/apply-event.ts';
import type { ApplyHost } from '../apply/apply-host.ts';
import type { ApplyPorts } from '../apply/run-plan.ts';
import type { HostEntry, Site } from '../config/site.ts';
import type { Facts } from '../plan/facts.ts';
import type { Inventory } from '../pve/inventory.ts';
import type { Repository } from '../repository/repository.ts';
import { openShell } from './open-shell.ts';
import type { Surroundings } from './surroundings.ts';

/** The real parts that a plan is carried out with. */
export function applyPorts(
  site: Site,
  known: { readonly facts: Facts; readonly repositories: ReadonlyMap<string, Repository> },
  surroundings: Surroundings,
  emit: (event: ApplyEvent) => void,
): ApplyPorts {
  const { clock, offsetMinutes, temporaryFolder, programVersion } = surroundings;
  return {
    hosts: new Map([...site.hosts.values()].map((host) => [host.name, applyHost(host, surroundings)])),
    inventories: new Map(
      [...known.facts.hosts].flatMap(([name, host]): [string, Inventory][] =>
        host.kind === 'reached' ? [[name, host.inventory]] : [],
      ),
    ),
    repositories: known.repositories,
    clock,
    offsetMinutes,
    temporaryFolder,
    programVersion,
    run: randomBytes(8).toString('hex'),
    emit,
  };
}

export function applyHost(host: HostEntry, surroundings: Surroundings): ApplyHost {
  return {
    name: host.name,
    id: host.id,
    openNode: (_node, signal) => openShell(host, surroundings, signal),
    reachesAllNodes: false,
    dumpDir: host.dumpDir,
    compression: host.backupCompression,
    node: host.node,
    cleanup: host.cleanup,
    vzdump: host.vzdump,
  };
}
