import { formatGuestRef } from '../../pve/guest.ts';
import { EXIT_STATUS } from '../exit-status.ts';
import { openSite } from '../open-site.ts';
import { readKit } from '../read-kit.ts';
import type { KitGuest, KitRepository, RecoveryKit } from '../recovery-kit.ts';
import type { Surroundings } from '../surroundings.ts';
import { remarkText, renderKit } from '../view/kit-text.ts';

/** Prints how to get every guest of the site back, with pvebak and without. */
export async function kitCommand(
  file: string,
  { json }: { readonly json: boolean },
  surroundings: Surroundings,
): Promise<number> {
  const { stdout, timeZone } = surroundings;
  const kit = await readKit(await openSite(file, surroundings), { file }, surroundings);
  stdout.write(json ? `${JSON.stringify(asJson(kit), undefined, 2)}\n` : renderKit(kit, { timeZone }));
  const guests = kit.repositories.flatMap(({ found }) => found?.guests ?? []);
  return guests.some(({ recovery }) => recovery.kind === 'unreadable')
    ? EXIT_STATUS.incomplete
    : EXIT_STATUS.done;
}

function asJson({ madeAt, site, repositories }: RecoveryKit): object {
  return {
    version: 1,
    madeAt: new Date(madeAt).toISOString(),
    site,
    repositories: repositories.map(repositoryAsJson),
  };
}

function repositoryAsJson({ found, ...repository }: KitRepository): object {
  if (found === undefined) return { ...repository, made: false };
  return { ...repository, made: true, ...found, guests: found.guests.map(guestAsJson) };
}

function guestAsJson({ snapshot, name, snapshots, recovery }: KitGuest): object {
  const common = {
    guest: formatGuestRef(snapshot.guest),
    name,
    host: snapshot.hostId,
    snapshot: snapshot.id,
    time: new Date(snapshot.time).toISOString(),
    snapshots,
  };
  if (recovery.kind === 'unreadable') return { ...common, unreadable: recovery.reason };
  const { restic, pvebak, remarks } = recovery;
  return { ...common, restic, pvebak, remarks: remarks.map(remarkText) };
}
