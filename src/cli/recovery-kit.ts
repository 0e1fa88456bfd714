import type { SecretRef } from '../config/site.ts';
import type { GuestSnapshot } from '../plan/facts.ts';
import type { NodeName } from '../pve/guest.ts';
import type { HostAccess } from '../pve/host-access.ts';

/** All that is needed to get the guests of a site back, with pvebak or without; no secret is in it. */
export interface RecoveryKit {
  /** Milliseconds since 1970. */
  readonly madeAt: number;
  /** As the user named it. */
  readonly site: string;
  readonly repositories: readonly KitRepository[];
}

export interface KitRepository {
  readonly name: string;
  readonly where: string;
  readonly password: PasswordSource;
  /** Undefined when there is none yet at that place. */
  readonly found: FoundRepository | undefined;
}

export interface FoundRepository {
  /** 64 hex digits */
  readonly id: string;
  readonly keys: number;
  /** Makes restic and pvebak find the password, where it can be found by a command; a line for a shell. */
  readonly passwordLine: string | undefined;
  /** Lists what is there, with restic and with pvebak. */
  readonly listLines: readonly string[];
  readonly guests: readonly KitGuest[];
  readonly nodes: readonly KitNode[];
}

/** A reference to a secret; one that stands in the site file itself is left out. */
export type PasswordSource = Exclude<SecretRef, { kind: 'plain' }> | { readonly kind: 'site-file' };

/** A guest with its newest snapshot. */
export interface KitGuest {
  readonly snapshot: GuestSnapshot;
  readonly name: string | undefined;
  /** How many snapshots of it there are. */
  readonly snapshots: number;
  readonly recovery:
    | {
        readonly kind: 'lines';
        /** To be typed on the node. */
        readonly restic: string;
        /** To be typed on any machine. */
        readonly pvebak: string;
        readonly remarks: readonly RecoveryRemark[];
      }
    /** The snapshot could not be read. */
    | { readonly kind: 'unreadable'; readonly reason: string };
}

/** A node's own configuration with its newest snapshot, as `--json` prints it. */
export interface KitNode {
  readonly node: NodeName;
  /** The id of the host. */
  readonly host: string;
  /** 64 hex digits */
  readonly snapshot: string;
  /** RFC 3339 */
  readonly time: string;
  /** How many snapshots of it there are. */
  readonly snapshots: number;
  /** Unpacks it into a new folder, on any machine; a line for a shell. */
  readonly restic: string;
}

export type RecoveryRemark =
  /** The configuration names no size for a volume: this many GiB are a guess. */
  | { readonly kind: 'size-guessed'; readonly key: string; readonly gib: number }
  /** The configuration names no storage for a volume. */
  | { readonly kind: 'storage-guessed'; readonly key: string; readonly storage: string }
  /** A mount point that was not dumped. */
  | { readonly kind: 'comes-back-empty'; readonly key: string; readonly path: string }
  /** The line does not make it, for it belongs to the old node. */
  | {
      readonly kind: 'left-out';
      readonly key: string;
      readonly path: string;
      readonly why: string;
      /** As in the configuration. */
      readonly value: string;
    }
  /** Its configuration reaches the node by these lines, which pvebak restores only when it is allowed. */
  | { readonly kind: 'reaches-node'; readonly access: readonly HostAccess[] }
  /** No host of the site has this id, so that the line has NODE where an address belongs. */
  | { readonly kind: 'host-unknown'; readonly hostId: string }
  /** The private key is in no file. */
  | { readonly kind: 'identity-elsewhere'; readonly secret: PasswordSource };
