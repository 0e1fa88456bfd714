import type { FailureCategory } from './failure-category.ts';

/** What a failed command was, and what it said. */
export interface Failed {
  readonly argv: readonly string[];
  readonly cause: string;
}

/** What to do about a failure; undefined where its cause says it all, or where nothing general can be said. */
export function failureHint(category: FailureCategory, failed: Failed): string | undefined {
  switch (category) {
    case 'guest-locked':
      return `another task holds the lock; when it is certain that none does: ${guestTool(failed)} unlock ${vmidOf(failed)}`;
    case 'guest-missing':
    case 'not-on-node':
    case 'wrong-node':
      return 'it may have been moved or removed since it was planned: plan again';
    case 'target-exists':
      return 'choose a free vmid, or allow it to be overwritten on the node where it is';
    case 'target-running':
      return `stop it first: ${guestTool(failed)} stop ${vmidOf(failed)}`;
    case 'target-protected':
      return `if it may really go: ${guestTool(failed)} set ${vmidOf(failed)} --protection 0`;
    case 'shutdown-timeout':
      return 'allow more time with stopwait, or dump it in mode snapshot';
    case 'start-failed':
      return 'Proxmox VE starts a stopped VM, paused, to dump it: see that it can be started on this node';
    case 'storage-missing':
    case 'storage-unavailable':
    case 'storage-wrong-content':
      return 'name a storage of this node that takes disks of guests, or map the old one to it';
    case 'no-space':
      return 'make room on that storage or in dump_dir, or choose another';
    case 'pool-missing':
      return 'create the pool first, or name another';
    case 'volume-missing':
      return 'the configuration names a disk that is not there: repair it, or take the disk out';
    case 'folder-missing':
      return 'create it on the node, or set dump_dir';
    case 'archive-unreadable':
      return 'what arrived is no whole archive of this kind: run the restore again';
    case 'killed':
    case 'connection-lost':
      return 'nobody has cleaned up: look for a lock, a paused VM and a running task on the node';
    case 'lock-timeout':
      return 'another backup job has the node: wait for it, or set lockwait to a longer time';
    case 'node-unreachable':
      return 'the node is off, or the one that was asked does not know its name';
    case 'not-root':
      return 'the Proxmox VE tools need root: set conn_username: root, or sudo: true';
    case 'tool-missing':
      return 'is this a Proxmox VE node, and are its tools in the PATH of this login?';
    case 'not-running':
    case 'already-running':
    case 'archive-missing':
    case 'interrupted':
    case 'output-closed':
    case 'parameter':
    case 'unknown':
      return undefined;
  }
}

/** vzdump is for both; then its words tell. */
function guestTool({ argv, cause }: Failed): 'qm' | 'pct' {
  if (argv[0] === 'vzdump' || argv[0] === 'pvesh') return /\bCT\b/.test(cause) ? 'pct' : 'qm';
  return argv[0] === 'pct' ? 'pct' : 'qm';
}

function vmidOf({ argv }: Failed): string {
  return (
    argv.flatMap((argument) => /^(?:\/nodes\/.*\/)?(\d{3,9})(?:\/.*)?$/.exec(argument)?.[1] ?? [])[0] ??
    'VMID'
  );
}
