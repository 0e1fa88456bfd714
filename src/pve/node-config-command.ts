/**
 * One tar of what a node needs to be set up again: /etc/pve, which is the whole cluster's configuration, keys and
 * certificates in /etc/pve/priv included, and /etc/network. It goes to stdout. The form does not depend on when it is
 * made, so an unchanged configuration is the same archive.
 *
 * Left out is what tells no configuration and changes all the time: the cluster file system's own status files
 * (pmxcfs(8)), locks, and what the services of high availability note about their rounds.
 */
export const NODE_CONFIG_COMMAND: readonly string[] = [
  'tar',
  '--create',
  '--file=-',
  '--directory=/',
  '--format=gnu',
  '--sort=name',
  '--preserve-permissions',
  '--numeric-owner',
  '--anchored',
  '--no-wildcards-match-slash',
  ...[
    'etc/pve/.version',
    'etc/pve/.members',
    'etc/pve/.vmlist',
    'etc/pve/.clusterlog',
    'etc/pve/.rrd',
    'etc/pve/.debug',
    'etc/pve/priv/lock',
    'etc/pve/ha/manager_status',
    'etc/pve/nodes/*/lrm_status',
  ].map((pattern) => `--exclude=${pattern}`),
  'etc/pve',
  'etc/network',
];

/**
 * Whether tar delivered an archive. Status 1 means that a file changed, or went away, while it was read; its words say
 * which (GNU tar manual, "Return Codes").
 */
export function isNodeConfigStatus(status: number): boolean {
  return status === 0 || status === 1;
}
