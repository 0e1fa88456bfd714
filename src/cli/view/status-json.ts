import type { GuestStatus, SiteStatus } from '../../plan/status/site-status.ts';
import { formatGuestRef } from '../../pve/guest.ts';
import { planProblemText } from './plan-problem-text.ts';
import { statusLine } from './status-text.ts';

/** For programs: one object. Times are RFC 3339, spans milliseconds. */
export function statusJson(status: SiteStatus): object {
  return {
    kind: 'pvebak-status',
    version: 1,
    time: new Date(status.now).toISOString(),
    level: status.level,
    summary: statusLine(status),
    problems: status.problems.map(({ level, problem }) => ({
      level,
      text: planProblemText(problem, { verbose: true }),
      problem,
    })),
    guests: status.guests.map(guestJson),
  };
}

function guestJson({ guest, newest, verifiedAt, why, ...others }: GuestStatus): object {
  return {
    ...others,
    why,
    guest: formatGuestRef(guest.ref),
    name: guest.name,
    node: guest.node,
    ...(newest !== undefined && {
      newest: {
        snapshot: newest.id,
        time: new Date(newest.time).toISOString(),
        bytes: newest.history?.readBytes,
      },
    }),
    ...(verifiedAt !== undefined && { verified: new Date(verifiedAt).toISOString() }),
  };
}
