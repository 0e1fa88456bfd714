import type { PlanProblem } from '../../plan/plan-problem.ts';
import type { GuestStatus, SiteStatus, StatusLevel } from '../../plan/status/site-status.ts';
import { formatGuestRef } from '../../pve/guest.ts';
import { planProblemText } from './plan-problem-text.ts';
import { statusLine } from './status-text.ts';

/**
 * What `pvebak status --json` prints. Times are RFC 3339, spans milliseconds. After a change, `npm run schemas` makes
 * `schemas/status.schema.json` anew.
 */
export interface StatusFile {
  readonly kind: 'pvebak-status';
  readonly version: 1;
  readonly time: string;
  readonly level: StatusLevel;
  /** The line that monitoring shows. */
  readonly summary: string;
  readonly problems: readonly {
    readonly level: StatusLevel;
    readonly text: string;
    readonly problem: PlanProblem;
  }[];
  /** The worst first. */
  readonly guests: readonly StatusFileGuest[];
}

/** A guest in one repository. */
export interface StatusFileGuest extends Omit<GuestStatus, 'guest' | 'newest' | 'verifiedAt'> {
  /** `qemu/101` */
  readonly guest: string;
  readonly name?: string;
  readonly node: string;
  readonly newest?: {
    /** 64 hex digits. */
    readonly snapshot: string;
    readonly time: string;
    /** Of disk, or of archive; absent where that is not known. */
    readonly bytes?: number;
  };
  /** When the newest, or one before it, was found whole; absent: never. */
  readonly verified?: string;
}

/** For programs: one object. */
export function statusJson(status: SiteStatus): StatusFile {
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

function guestJson({ guest, newest, verifiedAt, ...others }: GuestStatus): StatusFileGuest {
  const bytes = newest?.history?.readBytes;
  return {
    ...others,
    guest: formatGuestRef(guest.ref),
    ...(guest.name !== undefined && { name: guest.name }),
    node: guest.node,
    ...(newest !== undefined && {
      newest: {
        snapshot: newest.id,
        time: new Date(newest.time).toISOString(),
        ...(bytes !== undefined && { bytes }),
      },
    }),
    ...(verifiedAt !== undefined && { verified: new Date(verifiedAt).toISOString() }),
  };
}
