import type { OrphanLine } from '../../plan/lines/orphan-line.ts';
import type { BackupAction, Plan } from '../../plan/plan.ts';
import { formatGuestRef } from '../../pve/guest.ts';
import { datedMoment } from './dated-moment.ts';
import { guestText } from './guest-text.ts';
import { count } from './quantities.ts';
import type { Row } from './text-layout.ts';

/** Backups that begin a new line because another machine has the vmid, which is to be looked at. */
export function newMachines({
  backups,
  waiting,
  blocked,
}: Plan): readonly Pick<BackupAction, 'host' | 'guest' | 'repository' | 'identity'>[] {
  return [...backups, ...waiting, ...blocked].filter(({ reason }) => reason.kind === 'vmid-reused');
}

/** What had the vmid before, and what to type if it is the same machine after all. */
export function reuseRows(plan: Plan, timeZone: string): readonly Row[] {
  return newMachines(plan).map(({ guest, host, repository, identity }) => {
    const [former] = plan.orphans
      .filter((one) => one.repository === repository && one.host === host && isReusedBy(one, guest))
      .toSorted((a, b) => b.newestAt - a.newestAt);
    const before =
      former === undefined
        ? 'another machine had its vmid'
        : `${count(former.snapshots, 'snapshot')} in ${repository} of another machine with its vmid, the last of ${datedMoment(former.newestAt, timeZone)}, stay with that one`;
    const same =
      former === undefined ? '' : `; if it is the same machine: pvebak adopt ${former.line} ${identity.line}`;
    return { glyph: '!', cells: [`${guestText(guest)}: ${before}${same}`] };
  });
}

function isReusedBy({ guest, why }: OrphanLine, { ref }: BackupAction['guest']): boolean {
  const isFormer = why.kind === 'vmid-reused' || why.kind === 'unidentified';
  return isFormer && guest.ref.vmid === ref.vmid;
}

/** A line for each guest that has moved, with what goes on. */
export function movedRows({ adopts }: Plan, timeZone: string): readonly Row[] {
  return adopts.map(({ guest, host, from, snapshots, newestAt, repository }) => ({
    glyph: '~',
    cells: [
      guestText(guest),
      host,
      `goes on with ${count(snapshots, 'snapshot')} in ${repository} of ${formatGuestRef(from.guest)} of ${from.hostId}, the newest of ${datedMoment(newestAt, timeZone)}`,
    ],
  }));
}
