import type { NodeConfigAction } from '../plan/node-config-plan.ts';
import type { Inventory } from '../pve/inventory.ts';
import { NODE_CONFIG_COMMAND } from '../pve/node-config-command.ts';
import type { Store } from '../repository/store.ts';
import { saveSnapshotTree } from '../snapshot/guest-tree.ts';
import { encodeNodeRecord, type NodeRecord } from '../snapshot/node-record.ts';
import { formatRfc3339 } from '../snapshot/rfc3339.ts';
import type { Shell } from '../transport/shell.ts';
import type { NodeConfigReport, Progress } from './apply-event.ts';
import { type TakenNodeConfig, takeInNodeConfig } from './take-in-node-config.ts';

export interface NodeConfigContext {
  readonly store: Store;
  readonly host: { readonly id: string };
  /** Leads to the node. */
  readonly shell: Shell;
  readonly inventory: Pick<Inventory, 'version' | 'clusterFingerprint'>;
  /** Names this run; the tag `run=` of each snapshot it makes. */
  readonly run: string;
  readonly programVersion: string;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** The site's UTC offset, east positive. */
  readonly offsetMinutes: number;
  readonly onProgress: (progress: Progress) => void;
  readonly signal: AbortSignal;
}

/**
 * Keeps /etc/pve and /etc/network of one node as a small snapshot (FORMAT.md, "Snapshots of nodes"). The keys below
 * /etc/pve/priv are in it: a node cannot be set up again without them, and the repository is encrypted. Without pvebak
 * it comes back with `restic dump latest --host ID --path /node/NAME /node/NAME/archive/node-NAME.tar | tar -x -C FOLDER`.
 * @throws UserError as `takeInNodeConfig` does; the repository shows nothing then
 */
export async function backupNodeConfig(
  action: NodeConfigAction,
  context: NodeConfigContext,
): Promise<NodeConfigReport> {
  const { store, shell, clock, onProgress, signal } = context;
  const begun = clock();
  let doneBytes = 0;
  const onBytes = (bytes: number) => {
    doneBytes += bytes;
    const counts = { doneBytes, streamBytes: doneBytes, totalBytes: undefined, newBytes: undefined };
    onProgress({ phase: 'dumping', ...counts, elapsedMs: clock() - begun });
  };
  const taken = await takeInNodeConfig(action.node, { shell, writer: store.writer, onBytes, signal });
  const record = recordOf(action, taken, { begun, ended: clock() }, context);
  const snapshot = await commit(taken, record, context);
  const { size, amount } = taken.tar.archive;
  return {
    snapshot,
    archiveBytes: size,
    newBytes: amount.newBytes,
    storedBytes: amount.storedBytes,
    elapsedMs: clock() - begun,
    warnings: taken.warnings,
  };
}

function recordOf(
  { node }: NodeConfigAction,
  { tar, exitStatus, warnings }: TakenNodeConfig,
  { begun, ended }: { readonly begun: number; readonly ended: number },
  { host, inventory, offsetMinutes }: NodeConfigContext,
): NodeRecord {
  const { size, amount, listDigest } = tar.archive;
  const { newBytes, reusedBytes } = amount;
  return {
    version: 1,
    node,
    host: host.id,
    pve: inventory.version,
    cluster: inventory.clusterFingerprint,
    dump: {
      command: NODE_CONFIG_COMMAND,
      started: formatRfc3339(begun, offsetMinutes),
      ended: formatRfc3339(ended, offsetMinutes),
      exitStatus,
      warnings,
    },
    archive: { name: `node-${node}.tar`, size, newBytes, reusedBytes, listDigest, sha256: tar.sha256 },
  };
}

/** @returns the snapshot's id */
async function commit(
  { tar }: TakenNodeConfig,
  record: NodeRecord,
  { store, host, run, programVersion }: NodeConfigContext,
): Promise<string> {
  const { node, archive, dump } = record;
  const { size, content } = tar.archive;
  const tree = await saveSnapshotTree(store.writer, ['node', node], {
    entries: [
      { kind: 'large-file', folder: 'archive', name: archive.name, size, content },
      { kind: 'small-file', name: 'pvebak-node.json', bytes: encodeNodeRecord(record) },
    ],
    time: dump.started,
  });
  const saved = await store.saveSnapshot({
    time: dump.started,
    tree,
    hostname: host.id,
    paths: [`/node/${node}`],
    tags: ['pvebak', `node=${node}`, `run=${run}`],
    username: 'pvebak',
    programVersion,
  });
  return saved.id;
}
