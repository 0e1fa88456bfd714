import { withForgetting } from '../repository/forget-snapshots.ts';
import { readSnapshots } from '../repository/read-snapshots.ts';
import type { Repository } from '../repository/repository.ts';
import { readKnownRecords } from './known-records.ts';
import { RECORD_KINDS, recordHead } from './record-tags.ts';
import { supersededRecords } from './superseded-records.ts';

/**
 * Removes the records that newer ones supersede; what they held is free for pruning then. A record that comes meanwhile only
 * supersedes more.
 * @returns how many
 * @throws UserError `repository-locked`, `repository-damaged` when a snapshot cannot be read: nothing was removed
 */
export async function collectRecords(
  repository: Repository,
  { signal }: { readonly signal: AbortSignal },
): Promise<number> {
  const snapshots = await readSnapshots(repository);
  // What is damaged supersedes nothing, and stays.
  const records = await readKnownRecords(repository, snapshots, RECORD_KINDS, { onFault: () => undefined });
  const present = new Set(
    snapshots
      .filter((snapshot) => recordHead(snapshot) === undefined)
      .flatMap(({ id, original }) => (original === undefined ? [id] : [id, original])),
  );
  const superseded = supersededRecords(records, present);
  if (superseded.length === 0) return 0;
  await withForgetting(repository, { signal }, (forget) => forget(superseded, []));
  return superseded.length;
}
