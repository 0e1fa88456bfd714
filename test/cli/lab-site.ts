/** Site files for the nodes of a lab. */
import type { LabNode } from '../lab/lab-node.ts';

export interface LabSite {
  /** Names of nodes, or whole host entries as lines. */
  readonly hosts: Readonly<Record<string, readonly string[]>>;
  /** Flow mappings: `{ name: all, host: pve, all: true, rpo: 24h }` */
  readonly backups?: readonly string[];
  readonly restores?: readonly string[];
  readonly repository?: string;
  readonly password?: string;
}

export function labSite(site: LabSite): string {
  const hosts = Object.entries(site.hosts).map(([name, lines]) => entry(name, lines));
  return [
    'version: 1',
    'repositories:',
    entry('main', [
      `path: ${site.repository ?? './repository'}`,
      `password: ${site.password ?? '{ file: ./password }'}`,
    ]),
    'hosts:',
    ...hosts,
    ...list('backups', site.backups ?? []),
    ...list('restores', site.restores ?? []),
    '',
  ].join('\n');
}

/** Lines of a host entry that logs in with the lab's key. Later lines of the same key win. */
export function byIdentity(node: LabNode, more: Readonly<Record<string, string>> = {}): readonly string[] {
  return lines({
    location: `proxmox://${node.host}:${node.port}`,
    mode: 'remote',
    conn_method: 'identity',
    conn_identity_file: node.identityFile,
    host_key: node.hostKeyFingerprint,
    ...more,
  });
}

export function byPassword(
  node: LabNode,
  password: string,
  more: Readonly<Record<string, string>> = {},
): readonly string[] {
  return lines({
    location: `proxmox://${node.host}:${node.port}`,
    mode: 'remote',
    conn_method: 'password',
    conn_password: password,
    host_key: node.hostKeyFingerprint,
    ...more,
  });
}

function lines(values: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(values).map(([key, value]) => `${key}: ${value}`);
}

function entry(name: string, values: readonly string[]): string {
  return [`  ${name}:`, ...values.map((line) => `    ${line}`)].join('\n');
}

function list(key: string, items: readonly string[]): readonly string[] {
  return items.length === 0 ? [] : [`${key}:`, ...items.map((item) => `  - ${item}`)];
}
