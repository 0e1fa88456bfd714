import type { Site } from '../config/site.ts';
import type { Facts, HostFacts, RepositoryFacts } from '../plan/facts.ts';
import { usedRepositories } from './open-site.ts';
import { parseFactsFile } from './saved/facts-file.ts';
import { readJsonFile } from './saved/read-json-file.ts';
import type { Surroundings } from './surroundings.ts';
import { terminalSafe } from './view/terminal-safe.ts';

const UNKNOWN: HostFacts = { kind: 'unreachable', reason: 'the recorded facts do not know it' };

/** Of a repository that is to be made. */
const EMPTY: RepositoryFacts = {
  id: '0'.repeat(64),
  snapshots: [],
  nodeSnapshots: [],
  keyCount: 0,
  pinned: new Set(),
  acknowledged: new Set(),
  damaged: new Set(),
  verified: new Map(),
};

/**
 * Facts that `pvebak facts` recorded, for a site that may have changed since: a host that they do not know could not be
 * asked, a repository that they do not know is taken as empty. Nothing is opened but the file.
 * @throws UserError `usage`
 */
export async function recordedFacts(path: string, site: Site, { stderr }: Surroundings): Promise<Facts> {
  const { facts } = parseFactsFile(await readJsonFile(path), path);
  const hosts = [...site.hosts.keys()].map((name) => [name, facts.hosts.get(name) ?? UNKNOWN] as const);
  const used = usedRepositories(site);
  const unknown = [...site.repositories.keys()].filter(
    (name) => used.has(name) && !facts.repositories.has(name),
  );
  for (const name of unknown)
    stderr.write(
      `${terminalSafe(`pvebak: ${path} does not know the repository ${name}; it is taken as empty`)}\n`,
    );
  const repositories = [
    ...[...facts.repositories].filter(([name]) => used.has(name)),
    ...unknown.map((name) => [name, EMPTY] as const),
  ];
  return { now: facts.now, hosts: new Map(hosts), repositories: new Map(repositories) };
}
