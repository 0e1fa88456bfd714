import type { GuestSnapshot } from '../../plan/facts.ts';
import { formatGuestRef } from '../../pve/guest.ts';
import { EXIT_STATUS } from '../exit-status.ts';
import { askRepository } from '../gather-facts.ts';
import { openSite, openSiteRepositories } from '../open-site.ts';
import type { Surroundings } from '../surroundings.ts';
import { snapshotsTable } from '../view/snapshots-table.ts';

export interface SnapshotsOptions {
  /** `qemu/101` */
  readonly guest: string | undefined;
  readonly json: boolean;
}

/** Lists the guests' snapshots in the site's repositories, oldest first. */
export async function snapshotsCommand(
  file: string,
  options: SnapshotsOptions,
  surroundings: Surroundings,
): Promise<number> {
  const site = await openSite(file, surroundings);
  const repositories = await openSiteRepositories(site, surroundings);
  const { stdout, timeZone } = surroundings;
  for (const [name, repository] of repositories) {
    const { snapshots } = await askRepository(repository);
    const shown = snapshots.filter(
      ({ guest }) => options.guest === undefined || formatGuestRef(guest) === options.guest,
    );
    if (options.json)
      stdout.write(shown.map((snapshot) => `${JSON.stringify(asJson(name, snapshot))}\n`).join(''));
    else stdout.write(`${repositories.size > 1 ? `${name}:\n` : ''}${snapshotsTable(shown, timeZone)}`);
  }
  return EXIT_STATUS.done;
}

function asJson(repository: string, snapshot: GuestSnapshot): object {
  return {
    repository,
    ...snapshot,
    time: new Date(snapshot.time).toISOString(),
    guest: formatGuestRef(snapshot.guest),
  };
}
