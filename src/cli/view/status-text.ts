import type { ChalkInstance } from 'chalk';
import type { GuestStatus, SiteStatus, StatusLevel, StatusReason } from '../../plan/status/site-status.ts';
import { dueReasonText } from './due-reason-text.ts';
import { guestText } from './guest-text.ts';
import { planProblemText } from './plan-problem-text.ts';
import { count, formatBytes, formatDuration } from './quantities.ts';
import { terminalSafe } from './terminal-safe.ts';
import { textTable } from './text-table.ts';

/** The summary as the first line, as monitoring plugins print it, then what is wrong, then guest by guest, the worst first. */
export function renderStatus(status: SiteStatus, { colour }: { readonly colour: ChalkInstance }): string {
  const problems = status.problems.map(({ level, problem }) =>
    paint(level, terminalSafe(`${glyphOf(level)} ${planProblemText(problem, { verbose: false })}`), colour),
  );
  const head = ['', 'guest', 'host', 'age', 'rpo', 'verified', 'size', 'policies', ''];
  const [heading = '', ...rows] = textTable([head, ...status.guests.map((one) => cellsOf(one, status.now))]);
  const table = rows.map((row, index) => paint(status.guests[index]?.level ?? 'ok', row, colour));
  const blocks = [[statusLine(status)], problems, table.length === 0 ? [] : [colour.bold(heading), ...table]];
  return blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => `${lines.join('\n')}\n`)
    .join('\n');
}

/** `PVEBAK WARNING - 300 guests: 2 warning, 298 ok | guests=300 ...` */
export function statusLine({ level, guests, problems }: SiteStatus): string {
  const counts = countsOf(guests);
  const graded = (['critical', 'unknown', 'warning', 'ok'] as const).flatMap((one) =>
    counts[one] === 0 ? [] : [`${counts[one]} ${one}`],
  );
  const also = problems.length === 0 ? '' : `; ${count(problems.length, 'problem')}`;
  const oldest = guests.reduce((age, { ageMs = 0 }) => Math.max(age, ageMs), 0);
  const figures = [
    `guests=${guests.length}`,
    ...Object.entries(counts).map(([name, number]) => `${name}=${number}`),
    `problems=${problems.length}`,
    `oldest=${Math.floor(oldest / 1000)}s`,
  ];
  return `PVEBAK ${level.toUpperCase()} - ${count(guests.length, 'guest')}: ${graded.join(', ') || 'none'}${also} | ${figures.join(' ')}`;
}

function countsOf(guests: readonly GuestStatus[]): Readonly<Record<StatusLevel, number>> {
  const of = (level: StatusLevel) => guests.filter((guest) => guest.level === level).length;
  return { ok: of('ok'), warning: of('warning'), critical: of('critical'), unknown: of('unknown') };
}

function cellsOf(status: GuestStatus, now: number): readonly string[] {
  const { level, why, guest, host, ageMs, rpoMs, verifiedAt, newest, policies } = status;
  return [
    glyphOf(level),
    guestText(guest),
    `${host}/${guest.node}`,
    ageMs === undefined ? '-' : formatDuration(ageMs),
    formatDuration(rpoMs),
    verifiedAt === undefined ? 'never' : `${formatDuration(Math.max(0, now - verifiedAt))} ago`,
    newest?.history === undefined ? '-' : formatBytes(newest.history.readBytes),
    policies.join(', '),
    statusReasonText(why),
  ];
}

export function statusReasonText(why: StatusReason): string {
  switch (why.kind) {
    case 'fresh':
      return '';
    case 'due':
      return 'due in the next run';
    case 'missed':
      return 'was due in the last run';
    case 'out-of-policy':
      return 'OUT OF POLICY';
    case 'none':
      return dueReasonText(why.reason);
    case 'clock':
      return 'the newest is from the future: which clock is wrong?';
    case 'unverified':
      return why.reason.kind === 'never-verified'
        ? 'never verified, as a policy asks'
        : `verified too long ago, ${formatDuration(why.reason.withinMs)} wanted`;
  }
}

function glyphOf(level: StatusLevel): string {
  switch (level) {
    case 'ok':
      return '=';
    case 'warning':
      return '~';
    case 'critical':
      return '!';
    case 'unknown':
      return '?';
  }
}

function paint(level: StatusLevel, line: string, colour: ChalkInstance): string {
  switch (level) {
    case 'ok':
      return line;
    case 'warning':
      return colour.yellow(line);
    case 'critical':
      return colour.red(line);
    case 'unknown':
      return colour.magenta(line);
  }
}
