import type { RecordedSnapshot } from '../../records/record.ts';
import { formatRfc3339 } from '../../snapshot/rfc3339.ts';
import { UserError } from '../../user-error.ts';
import { type SnapshotChoice, withSnapshot } from '../browse-session.ts';
import { EXIT_STATUS } from '../exit-status.ts';
import { recordedSnapshot, saveMark } from '../save-mark.ts';
import type { Surroundings } from '../surroundings.ts';
import { terminalSafe } from '../view/terminal-safe.ts';

export interface PinOptions extends SnapshotChoice {
  readonly reason: string;
  /** A day, or a moment in RFC 3339; undefined for ever. */
  readonly until: string | undefined;
}

/** Keeps a snapshot whatever retention says. */
export async function pinCommand(options: PinOptions, surroundings: Surroundings): Promise<number> {
  const { clock, stdout } = surroundings;
  const until = options.until === undefined ? undefined : parseUntil(options.until, clock());
  return withSnapshot(options, surroundings, async (session, { snapshot }) => {
    const pinned = recordedSnapshot(snapshot);
    const record = { kind: 'pin', snapshots: [pinned], ...until, reason: options.reason } as const;
    await saveMark(session, record, surroundings);
    const term = until === undefined ? 'until it is unpinned' : `until ${until.until}`;
    stdout.write(`${named(pinned)} is kept ${term}: ${terminalSafe(options.reason)}\n`);
    return EXIT_STATUS.done;
  });
}

/** Lets retention decide again. That the snapshot was pinned is not asked: of several pins the newest counts. */
export async function unpinCommand(options: SnapshotChoice, surroundings: Surroundings): Promise<number> {
  const { clock, offsetMinutes, stdout } = surroundings;
  return withSnapshot(options, surroundings, async (session, { snapshot }) => {
    const until = formatRfc3339(clock(), offsetMinutes);
    const released = recordedSnapshot(snapshot);
    await saveMark(session, { kind: 'pin', snapshots: [released], until, reason: 'unpinned' }, surroundings);
    stdout.write(`${named(released)} is no longer pinned\n`);
    return EXIT_STATUS.done;
  });
}

function named({ id, path, time }: RecordedSnapshot): string {
  return terminalSafe(`${id.slice(0, 8)} (${path?.slice(1)}, ${time})`);
}

/** @throws UserError `usage` for what is no moment, and for one that is over */
function parseUntil(text: string, now: number): { readonly until: string } {
  const isDay = /^\d{4}-\d\d-\d\d$/.test(text);
  const isMoment = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/.test(text);
  // A day ends by the clock of this machine.
  const moment = isDay || isMoment ? Date.parse(isDay ? `${text}T23:59:59` : text) : Number.NaN;
  if (Number.isNaN(moment))
    throw new UserError('usage', `--until ${text} is no date`, {
      hint: 'write 2027-03-31, or 2027-03-31T18:00:00Z',
    });
  if (moment <= now)
    throw new UserError('usage', `--until ${text} is over`, { hint: 'pvebak unpin takes a pin back' });
  return { until: new Date(moment).toISOString() };
}
