import type { GuestLabel, GuestName } from '../plan/plan.ts';
import type { StaleReason } from '../plan/saved/stale-reason.ts';
import type { NodeName } from '../pve/guest.ts';
import type { PruneReport } from '../repository/prune/prune-repository.ts';

/** What happens while a plan is carried out, as data; views show it. */
export type ApplyEvent =
  | { readonly kind: 'item-started'; readonly item: ItemId; readonly label: ItemLabel }
  /** Waits for something on the node, with what the node said. */
  | { readonly kind: 'item-waiting'; readonly item: ItemId; readonly what: 'vzdump-lock' }
  /** A connection did not come about or was lost, with nothing changed yet; another one is made after the pause. */
  | {
      readonly kind: 'item-retrying';
      readonly item: ItemId;
      readonly reason: string;
      readonly pauseMs: number;
    }
  | { readonly kind: 'item-progress'; readonly item: ItemId; readonly progress: Progress }
  | { readonly kind: 'item-ended'; readonly item: ItemId; readonly outcome: ItemOutcome }
  /** Of a saved plan: it is not even begun. */
  | {
      readonly kind: 'item-refused';
      readonly item: ItemId;
      readonly label: ItemLabel;
      readonly outcome: ItemOutcome;
    };

/** One action of the plan: `backup main pve qemu/101`. */
export type ItemId = string & { readonly __brand: 'ItemId' };

export type ItemLabel =
  | {
      readonly kind: 'adopt';
      readonly host: string;
      readonly guest: GuestLabel;
      readonly repository: string;
    }
  | {
      readonly kind: 'verify';
      readonly host: string;
      readonly guest: GuestLabel;
      readonly repository: string;
    }
  | {
      readonly kind: 'forget';
      readonly host: string;
      readonly guest: GuestName;
      readonly repository: string;
      /** How many are to go. */
      readonly snapshots: number;
    }
  | {
      readonly kind: 'backup';
      readonly host: string;
      readonly guest: GuestLabel;
      readonly repository: string;
    }
  | {
      readonly kind: 'node-config';
      readonly host: string;
      readonly node: NodeName;
      readonly repository: string;
    }
  | {
      readonly kind: 'restore';
      readonly intent: string;
      readonly guest: string;
      readonly host: string;
      readonly vmid: number;
    }
  | { readonly kind: 'prune'; readonly repository: string };

export interface Progress {
  readonly phase: 'dumping' | 'committing' | 'uploading' | 'restoring' | 'verifying' | 'pruning';
  /** Bytes of disk, or of archive, that are done; of pruning, snapshots or packs. */
  readonly doneBytes: number;
  readonly totalBytes: number | undefined;
  /** Bytes of dump stream that came over the wire, or went. */
  readonly streamBytes: number;
  /** Bytes, of those done, that the repository did not hold; undefined where it can't be told yet. */
  readonly newBytes: number | undefined;
  readonly elapsedMs: number;
}

export type ItemOutcome =
  | { readonly kind: 'backed-up'; readonly report: BackupReport }
  /** Not by this run: another one has done it since the plan was made. */
  | { readonly kind: 'already-backed-up'; readonly snapshot: string }
  /** The history of so many snapshots goes on in the guest's line. */
  | { readonly kind: 'adopted'; readonly snapshots: number }
  | { readonly kind: 'config-kept'; readonly report: NodeConfigReport }
  | { readonly kind: 'restored'; readonly report: RestoreReport }
  /** All of it was read and found whole, together with others of its repository in this time. */
  | { readonly kind: 'verified'; readonly snapshot: string; readonly elapsedMs: number }
  | { readonly kind: 'forgotten'; readonly snapshots: readonly string[] }
  | { readonly kind: 'pruned'; readonly report: PruneReport }
  | {
      readonly kind: 'failed';
      readonly code: string;
      readonly reason: string;
      readonly hint: string | undefined;
      /** What is left on the node, a sentence each, with the command that cleans it. */
      readonly left: readonly string[];
    }
  | {
      readonly kind: 'unreachable';
      readonly reason: string;
      readonly hint: string | undefined;
      readonly left: readonly string[];
    }
  /** Of a saved plan: what was so when it was made is so no more. */
  | { readonly kind: 'stale'; readonly why: StaleReason }
  | { readonly kind: 'skipped'; readonly reason: string };

export interface BackupReport {
  readonly snapshot: string;
  readonly diskBytes: number;
  readonly zeroBytes: number;
  /** Plaintext bytes that the repository did not hold. */
  readonly newBytes: number;
  readonly reusedBytes: number;
  /** What the repository has grown by for them. */
  readonly storedBytes: number;
  readonly streamBytes: number;
  readonly elapsedMs: number;
  readonly warnings: readonly string[];
  readonly spilledPieces: number;
  readonly smallerBlobs: number;
}

/** Of a node's own configuration. */
export interface NodeConfigReport {
  readonly snapshot: string;
  readonly archiveBytes: number;
  /** Plaintext bytes that the repository did not hold. */
  readonly newBytes: number;
  /** What the repository has grown by for them. */
  readonly storedBytes: number;
  readonly elapsedMs: number;
  /** Lines of tar: what changed while it was read. */
  readonly warnings: readonly string[];
}

export interface RestoreReport {
  readonly snapshot: string;
  readonly guest: string;
  readonly vmid: number;
  readonly archiveBytes: number;
  readonly elapsedMs: number;
  /** The archive's path on the node, when it was left there. */
  readonly archiveLeft: string | undefined;
  /** Whether the archive lay in the dump folder on its way. */
  readonly way: 'staged' | 'streamed';
  /** What is not as it was: mount points left out or empty, promised room, bridges that are missing. */
  readonly notes: readonly string[];
}

/** Whether it came out as planned. */
export function isDone(outcome: ItemOutcome): boolean {
  switch (outcome.kind) {
    case 'adopted':
    case 'backed-up':
    case 'already-backed-up':
    case 'config-kept':
    case 'restored':
    case 'verified':
    case 'forgotten':
    case 'pruned':
      return true;
    case 'failed':
    case 'unreachable':
    case 'stale':
    case 'skipped':
      return false;
  }
}

export function itemId(...parts: readonly (string | number)[]): ItemId {
  return parts.join(' ') as ItemId;
}
