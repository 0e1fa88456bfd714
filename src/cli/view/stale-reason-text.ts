import type { StaleReason } from '../../plan/saved/stale-reason.ts';
import { guestText, listText } from './guest-text.ts';

/** Why an action of a saved plan is refused. */
export function staleReasonText(why: StaleReason): string {
  switch (why.kind) {
    case 'host-gone':
      return `the site file has no host ${why.host} any more`;
    case 'host-elsewhere':
      return `host ${why.host} leads elsewhere than when it was planned`;
    case 'repository-gone':
      return `the site file has no repository ${why.repository} any more`;
    case 'repository-elsewhere':
      return `${why.repository} is another repository than when it was planned`;
    case 'guest-gone':
      return `${guestText(why.guest)} is no longer there`;
    case 'guest-moved':
      return `it has moved from ${why.guest.node} to ${why.to}`;
    case 'guest-replaced':
      return `${guestText(why.guest)} is another machine now`;
    case 'line-adopted':
      return 'somebody has decided since in which line its history goes on';
    case 'guest-back':
      return `${guestText(why.guest)} is there again`;
    case 'guest-changed':
      return `its disks have changed: ${why.volumes.join(', ')}`;
    case 'guest-lines-gone':
      return `${guestText(why.guest)} does not have any more what would come back: ${why.lines.join('; ')}`;
    case 'newer-backup':
      return `a newer backup was made at ${new Date(why.time).toISOString()}`;
    case 'restored-since':
      return `it was restored since, at ${new Date(why.time).toISOString()}`;
    case 'vmid-taken':
      return `${guestText(why.by)} has the vmid now`;
    case 'snapshots-gone':
      return `gone: ${idsText(why.ids)}`;
    case 'snapshots-pinned':
      return `pinned since: ${idsText(why.ids)}`;
    case 'pins-unread':
      return `what is pinned is not known: ${why.unread}`;
    case 'snapshots-damaged':
      return `found damaged since: ${idsText(why.ids)}`;
    case 'unguarded':
      return 'the plan does not say what must be so';
  }
}

function idsText(ids: readonly string[]): string {
  return listText(
    ids.map((id) => id.slice(0, 8)),
    { verbose: false },
  );
}
