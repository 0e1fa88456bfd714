import type { GuestSnapshot, NodeSnapshot } from '../../plan/facts.ts';
import { isNamed } from '../../plan/judge-freshness.ts';
import { formatGuestRef, parseGuestRef } from '../../pve/guest.ts';
import { UserError } from '../../user-error.ts';
import { EXIT_STATUS } from '../exit-status.ts';
import { askRepository } from '../gather-facts.ts';
import { openChoice, type RepositoryChoice } from '../repository-choice.ts';
import type { Surroundings } from '../surroundings.ts';
import { tellUnread } from '../tell-unread.ts';
import { snapshotsTable } from '../view/snapshots-table.ts';

export interface SnapshotsOptions extends RepositoryChoice {
  /** `qemu/101` */
  readonly guest: string | undefined;
  readonly json: boolean;
}

/** Lists the snapshots of guests and nodes in the site's repositories, or in the one that is given, oldest first. */
export async function snapshotsCommand(
  options: SnapshotsOptions,
  surroundings: Surroundings,
): Promise<number> {
  const { guest } = options;
  if (guest !== undefined && parseGuestRef(guest) === undefined)
    throw new UserError('usage', `${guest} is no guest`, { hint: 'write qemu/101 or lxc/105' });
  const { repositories } = await openChoice(options, surroundings);
  const { stdout, timeZone } = surroundings;
  for (const [name, repository] of repositories) {
    const facts = await askRepository(repository, surroundings.clock());
    const { snapshots, nodeSnapshots, pinned } = facts;
    tellUnread(name, facts.unread ?? [], surroundings.stderr);
    const isPinned = (snapshot: GuestSnapshot | NodeSnapshot) => isNamed(snapshot, pinned);
    const shown =
      guest === undefined
        ? [...snapshots, ...nodeSnapshots].sort((a, b) => a.time - b.time)
        : snapshots.filter((snapshot) => formatGuestRef(snapshot.guest) === guest);
    if (options.json)
      stdout.write(
        shown.map((one) => `${JSON.stringify({ ...asJson(name, one), pinned: isPinned(one) })}\n`).join(''),
      );
    else
      stdout.write(
        `${repositories.size > 1 ? `${name}:\n` : ''}${snapshotsTable(shown, { timeZone, isPinned })}`,
      );
  }
  return EXIT_STATUS.done;
}

function asJson(repository: string, snapshot: GuestSnapshot | NodeSnapshot): object {
  return {
    repository,
    ...snapshot,
    time: new Date(snapshot.time).toISOString(),
    ...('guest' in snapshot && { guest: formatGuestRef(snapshot.guest) }),
  };
}
