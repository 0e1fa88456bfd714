/**
 * The cluster file system of a lab as a folder: what /etc/pve holds on every node.
 * `local`, `qemu-server` and `lxc` are links that lead to the folder of the node that looks.
 */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { runProgram } from './run-program.ts';
import { writePools } from './stand-ins/pools.ts';

export interface ClusterPlan {
  readonly nodes: readonly string[];
  /** False: each node stands alone, whatever folders lie beside its own. */
  readonly corosync: boolean;
}

/** Where each node sees its own folder. */
export const OWN_FOLDER = '/run/pve-node';

export function makeClusterFiles(root: string, plan: ClusterPlan): void {
  for (const folder of ['nodes', 'firewall', 'priv']) mkdirSync(`${root}/${folder}`, { recursive: true });
  for (const node of plan.nodes) {
    for (const type of ['qemu-server', 'lxc'])
      mkdirSync(`${root}/nodes/${node}/${type}`, { recursive: true });
  }
  symlinkSync(OWN_FOLDER, `${root}/local`);
  symlinkSync('local/qemu-server', `${root}/qemu-server`);
  symlinkSync('local/lxc', `${root}/lxc`);
  writeFileSync(`${root}/storage.cfg`, STORAGES);
  writePools([], root);
  if (plan.corosync) writeFileSync(`${root}/corosync.conf`, corosync(plan.nodes));
  makeAuthority(root);
}

/** As on the node of the recordings. */
const STORAGES = [
  ['local', '/var/lib/vz', 'images,rootdir,vztmpl,iso,backup'],
  ['fast', '/var/lib/fast', 'images,rootdir'],
  ['backup2', '/var/lib/vz-backup2', 'backup', 'prune-backups keep-last=2'],
  ['iso-only', '/var/lib/isoonly', 'iso'],
  ['p2only', '/var/lib/p2only', 'images,rootdir,backup', 'nodes pve2'],
]
  .map(([name, path, content, ...rest]) => [
    `dir: ${name}`,
    ...[`path ${path}`, `content ${content}`, ...rest].map((line) => `\t${line}`),
  ])
  .map((lines) => `${lines.join('\n')}\n\n`)
  .join('');

function corosync(nodes: readonly string[]): string {
  const entries = nodes.map((name, index) => `  node {\n    name: ${name}\n    nodeid: ${index + 1}\n  }\n`);
  return `nodelist {\n${entries.join('')}}\n\ntotem {\n  cluster_name: lab\n  version: 2\n}\n`;
}

function makeAuthority(root: string): void {
  const subject = '/CN=Proxmox Virtual Environment/OU=lab/O=PVE Cluster Manager CA';
  const key = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-keyout',
    `${root}/priv/pve-root-ca.key`,
  ];
  runProgram('openssl', [
    'req',
    '-x509',
    ...key,
    '-subj',
    subject,
    '-days',
    '3650',
    '-out',
    `${root}/pve-root-ca.pem`,
  ]);
}
