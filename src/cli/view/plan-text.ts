import type { ChalkInstance } from 'chalk';
import type { BackupAction, DueReason, Plan } from '../../plan/plan.ts';
import { formatGuestRef } from '../../pve/guest.ts';
import { dueReasonText } from './due-reason-text.ts';
import { guestText, listText } from './guest-text.ts';
import { forgetRows, forgetTitle, heldRows } from './plan-forget-text.ts';
import type { PlanHeader } from './plan-header.ts';
import { movedRows, newMachines, reuseRows } from './plan-line-text.ts';
import { endLines, headLines, type SavedAs } from './plan-lines.ts';
import { nodeConfigRows } from './plan-node-config-text.ts';
import { noteRows, notInBackupRows } from './plan-note-text.ts';
import { orphanRows } from './plan-orphan-text.ts';
import { policySections } from './plan-policy-text.ts';
import { planProblemText } from './plan-problem-text.ts';
import { pruneRows } from './plan-prune-text.ts';
import { restoreRows } from './plan-restore-text.ts';
import { verifyRows } from './plan-verify-text.ts';
import { formatBytes } from './quantities.ts';
import { terminalSafe } from './terminal-safe.ts';
import { layOutSection, type Row, type Section, wrapLine } from './text-layout.ts';

export interface PlanTextOptions {
  readonly colour: ChalkInstance;
  /** Columns of the terminal. */
  readonly width?: number;
  /** Lists what is fine as well, and long lists whole. */
  readonly verbose?: boolean;
  /** Of a plan in a file. */
  readonly saved?: SavedAs | undefined;
}

/**
 * A plan for people: what is wrong first, then what changes policy by policy, nodes, restores, what nobody covers,
 * what a dump leaves out, and one line of totals last. Ends with a newline.
 */
export function renderPlanText(plan: Plan, header: PlanHeader, options: PlanTextOptions): string {
  const { colour, width = 80, verbose = false } = options;
  const blocks = [
    headLines(plan, header).flatMap((line) => wrapLine(terminalSafe(line), width)),
    ...planSections(plan, header, verbose).map((section) => layOutSection(section, { colour, width })),
    endLines(plan, header, options.saved).flatMap((line) => wrapLine(terminalSafe(line), width)),
  ];
  return blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => `${lines.join('\n')}\n`)
    .join('\n');
}

/** In the order in which it matters; those without rows are left out. */
export function planSections(plan: Plan, header: PlanHeader, verbose: boolean): readonly Section[] {
  const late = outOfPolicy(plan);
  return [
    {
      title: `INCOMPLETE ${plan.problems.length}`,
      alarm: true,
      rows: plan.problems.map((problem) => wrong(planProblemText(problem, { verbose }))),
    },
    { title: `OUT OF POLICY ${late.length}`, alarm: true, rows: lateRows(late, verbose) },
    { title: `SUSPICIOUS ${plan.suspicious.length}`, alarm: true, rows: suspiciousRows(plan) },
    {
      title: `VMID REUSED ${newMachines(plan).length}`,
      alarm: true,
      rows: reuseRows(plan, header.timeZone),
    },
    { title: `MOVED ${plan.adopts.length}`, rows: movedRows(plan, header.timeZone) },
    ...policySections(plan, header, verbose),
    { title: 'NODES', rows: nodeConfigRows(plan.nodeConfigs, { verbose }) },
    { title: 'RESTORES', rows: restoreRows(plan, { timeZone: header.timeZone, verbose }) },
    { title: `VERIFY ${plan.verifies.length}`, rows: verifyRows(plan, { verbose }) },
    {
      title: forgetTitle(plan),
      rows: [
        ...forgetRows(plan.forgets, { timeZone: header.timeZone, verbose }),
        ...heldRows(plan.held, header.timeZone),
      ],
    },
    {
      title: `ORPHANS ${plan.orphans.length}`,
      rows: orphanRows(plan.orphans, { timeZone: header.timeZone, verbose }),
    },
    { title: 'PRUNE', rows: pruneRows(plan) },
    { title: `SKIPPED ${plan.skipped.length}`, rows: skippedRows(plan, verbose) },
    { title: `UNCOVERED ${plan.uncovered.length}`, rows: uncoveredRows(plan, verbose) },
    { title: 'NOT IN BACKUP', rows: notInBackupRows(plan.notes) },
    { title: 'NOTES', rows: noteRows(plan.notes, { verbose }) },
  ].filter(({ rows }) => rows.length > 0);
}

function wrong(text: string): Row {
  return { glyph: '!', cells: [text] };
}

interface LateGuest extends Pick<BackupAction, 'guest' | 'reason'> {
  /** Whether nothing can be done about it now. */
  readonly isBlocked: boolean;
}

/** A guest without any backup is on its way to its first, unless that cannot be made now. */
function outOfPolicy({ backups, waiting, blocked }: Plan): readonly LateGuest[] {
  return [
    ...[...backups, ...waiting]
      .filter(({ reason }) => isLate(reason))
      .map((one) => ({ ...one, isBlocked: false })),
    ...blocked
      .filter(({ reason, newest }) => isLate(reason) || newest === undefined)
      .map((one) => ({ ...one, isBlocked: true })),
  ];
}

function isLate({ kind }: DueReason): boolean {
  return kind === 'too-old' || kind === 'newest-damaged';
}

function lateRows(late: readonly LateGuest[], verbose: boolean): readonly Row[] {
  const shown = verbose ? late : late.slice(0, 10);
  const rows = shown.map(({ guest, reason, isBlocked }): Row => {
    const why = dueReasonText(reason);
    return { glyph: '!', cells: [guestText(guest), isBlocked ? `${why}, and cannot be backed up now` : why] };
  });
  return shown.length < late.length
    ? [...rows, wrong(`${late.length - shown.length} more (--verbose)`)]
    : rows;
}

/** What is old may be the last that is good, so that nothing of theirs is forgotten. */
function suspiciousRows({ suspicious }: Plan): readonly Row[] {
  return suspicious.map(({ guest, snapshot, policies, newBytes, usualBytes }) => {
    // Of one that is gone the vmid may be another's by now.
    const named = policies.length === 0 ? snapshot.line : formatGuestRef(guest.ref);
    const usual = usualBytes === 0 ? 'nothing' : formatBytes(usualBytes);
    return wrong(
      `${guestText(guest)}: the backup ${snapshot.id.slice(0, 8)} brought ${formatBytes(newBytes)} of new data, usual is ${usual}: encrypted from within? Nothing of it is forgotten until: pvebak ack ${named}`,
    );
  });
}

/** Policy by policy: what is left out, why, who answers for it, and until when. */
function skippedRows({ skipped }: Plan, verbose: boolean): readonly Row[] {
  return [...Map.groupBy(skipped, ({ policy }) => policy).values()].flatMap((group) =>
    group.slice(0, 1).map(({ policy, reason, owner, until }): Row => {
      const guests = listText(
        group.map(({ guest }) => guestText(guest)),
        { verbose },
      );
      return { glyph: ' ', cells: [policy, `until ${until} by ${owner}`, `${reason}: ${guests}`] };
    }),
  );
}

function uncoveredRows({ uncovered }: Plan, verbose: boolean): readonly Row[] {
  if (uncovered.length === 0) return [];
  const byHost = Map.groupBy(uncovered, ({ host }) => host);
  return [...byHost].map(([host, guests]) => ({
    glyph: ' ',
    cells: [
      `${host}: ${listText(
        guests.map(({ guest }) => guestText(guest)),
        { verbose },
      )}`,
    ],
  }));
}
