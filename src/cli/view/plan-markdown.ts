import type { Plan } from '../../plan/plan.ts';
import type { PlanHeader } from './plan-header.ts';
import { planTotals } from './plan-totals.ts';

export interface PlanMarkdownOptions {
  readonly saved?: { readonly sha256: string; readonly validUntil: number } | undefined;
}

/** A plan for the comment of a merge request. Ends with a newline. */
export function renderPlanMarkdown(plan: Plan, _: PlanHeader, __: PlanMarkdownOptions): string {
  return `${planTotals(plan)}\n`;
}
