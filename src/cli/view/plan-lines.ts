import type { Plan } from '../../plan/plan.ts';
import type { PlanHeader } from './plan-header.ts';
import { planPartText } from './plan-part-text.ts';
import { planTotals } from './plan-totals.ts';
import { formatDuration, formatMoment } from './quantities.ts';
import { runEndText } from './run-end-text.ts';

/** What names the file that a plan is in, and until when it may be carried out. */
export interface SavedAs {
  readonly sha256: string;
  readonly validUntil: number;
}

/** What the plan is about and what was seen, before its sections. */
export function headLines(plan: Plan, header: PlanHeader): readonly string[] {
  return [
    `${header.title}${revisionText(header)}   ${formatMoment(plan.madeAt, header.timeZone)}`,
    `${header.nodesOnline}/${header.nodes} nodes, ${header.guests} guests, a run every ${formatDuration(header.cadenceMs)}`,
    ...(header.recorded === undefined ? [] : [`as ${header.recorded} recorded it then`]),
    ...(header.part === undefined ? [] : [`ONLY A PART: ${planPartText(header.part)}`]),
  ];
}

/** When it ends, the totals, and how it is approved, after its sections. */
export function endLines(plan: Plan, header: PlanHeader, saved: SavedAs | undefined): readonly string[] {
  const { timeZone, parallel = Number.MAX_SAFE_INTEGER } = header;
  const end = runEndText(plan, { parallel, timeZone });
  return [
    ...(end === undefined ? [] : [end]),
    planTotals(plan),
    ...(saved === undefined
      ? []
      : [`Digest ${saved.sha256}, valid until ${formatMoment(saved.validUntil, timeZone)}.`]),
  ];
}

/** `@3f9c1e2 (clean)` */
function revisionText({ revision }: PlanHeader): string {
  return revision === undefined ? '' : `@${revision.commit} (${revision.clean ? 'clean' : 'changed since'})`;
}
