/** What kind of failure it is. */
export type FailureCategory =
  /** The guest, or the target of a restore, has a lock in its configuration. */
  | 'guest-locked'
  /** There is no such guest in the whole cluster. */
  | 'guest-missing'
  /** Not on the node that was asked; it may be on another one. */
  | 'not-on-node'
  /** vzdump's silence for a guest of another node: status 0, no log, no archive. */
  | 'wrong-node'
  | 'target-exists'
  | 'target-running'
  | 'target-protected'
  /** It has to be running, and it was stopped. */
  | 'not-running'
  | 'already-running'
  /** The guest did not answer the shutdown in time. */
  | 'shutdown-timeout'
  /** QEMU could not be started. */
  | 'start-failed'
  | 'storage-missing'
  /** It exists, but not on this node, or it is disabled. */
  | 'storage-unavailable'
  | 'storage-wrong-content'
  | 'no-space'
  | 'pool-missing'
  /** A disk that the configuration names is not there. */
  | 'volume-missing'
  /** `dump_dir`, or another folder on the node. */
  | 'folder-missing'
  | 'archive-missing'
  /** Cut off, compressed, of the other kind, or no archive. */
  | 'archive-unreadable'
  /** A signal, and the tool has cleaned up. */
  | 'interrupted'
  /** Tool or worker was killed, or hung up; nobody has cleaned up. */
  | 'killed'
  /** Whoever read its output has gone. */
  | 'output-closed'
  | 'connection-lost'
  /** Another dump has had the node's vzdump lock for all the time that was allowed. */
  | 'lock-timeout'
  | 'node-unreachable'
  | 'not-root'
  | 'tool-missing'
  /** It does not know, or does not accept, what it was asked. */
  | 'parameter'
  | 'unknown';

/**
 * Which kind of failure the tools' words mean; the first form that fits counts. Source of the forms: recordings of
 * the 7.4 to 9.2 tools, and for what was not recorded their sources (pve-storage, pve-common PVE/Tools.pm).
 */
export function failureCategory(cause: string): FailureCategory {
  return FORMS.find(([, form]) => form.test(cause))?.[0] ?? 'unknown';
}

const FORMS: readonly (readonly [FailureCategory, RegExp])[] = [
  ['lock-timeout', /can't acquire lock '[^']*vzdump\.lock'/],
  [
    'guest-locked',
    /\b(?:VM|CT) is locked\b|can't lock file '[^']*\/lock-\d+\.conf'|can't lock file '[^']*\/pve-config-\d+\.lock'/,
  ],
  ['guest-missing', /unable to find VM '/],
  ['not-on-node', /^Configuration file '.*' does not exist|unable to find configuration file for/],
  ['target-exists', /\b(?:VM|CT) \d+ already exists on node|is used by another guest/],
  [
    'target-running',
    /vm is running|can't overwrite running|is running - destroy failed|container is running/,
  ],
  ['target-protected', /protection mode enabled/],
  ['start-failed', /^start failed|QEMU exited with code/],
  ['shutdown-timeout', /^qm shutdown failed|powerdown failed/],
  ['already-running', /already running/],
  ['not-running', /\b(?:VM|CT) \d+ not running/],
  ['storage-wrong-content', /Content type '.*' is not available|does not support|wrong content type/],
  ['storage-unavailable', /is not available on node|storage '.*' is disabled|could not activate storage/],
  ['storage-missing', /\bstorage '.*' does not exist/],
  ['pool-missing', /\bpool '.*' does not exist/],
  ['volume-missing', /\bvolume '.*' does not exist/],
  ['folder-missing', /^(?:dumpdir|tmpdir) '.*' does not exist/],
  ['archive-missing', /can't find file/],
  [
    'no-space',
    /No space left on device|not enough (?:free )?space|insufficient free space|Disk quota exceeded/i,
  ],
  ['not-root', /Unable to load access control list|ipcc_send_rec/],
  ['node-unreachable', /hostname lookup '.*' failed/],
  ['interrupted', /interrupted by signal|received interrupt/],
  ['output-closed', /got signal 13|broken pipe/i],
  ['killed', /its log ends before the dump does|unexpected control message/],
  [
    'parameter',
    /Unknown option|not enough arguments|property is missing|invalid format|in the enumeration|requires rootfs|only backup a single VM|cannot use options|^No '\w+' handler|only compatible with|no command specified/,
  ],
  [
    'archive-unreadable',
    /^(?:tar|vma) failed|timeout reading VMA header|archive info|does not look like|no configuration file/,
  ],
];
