import type { FreshNodeConfig, NodeConfigAction, NodeConfigPlan } from '../../plan/node-config-plan.ts';
import { dueReasonText } from './due-reason-text.ts';
import { formatDuration } from './quantities.ts';
import type { Row } from './text-layout.ts';

/** The nodes' own configurations: those that will be kept, and how many are fresh. */
export function nodeConfigRows(
  { due, fresh }: NodeConfigPlan,
  { verbose }: { readonly verbose: boolean },
): readonly Row[] {
  return [...due.map(dueRow), ...freshRows(fresh, verbose)];
}

function dueRow({ node, reason }: NodeConfigAction): Row {
  return { glyph: '+', cells: [`node ${node}`, 'configuration', dueReasonText(reason)] };
}

function freshRows(fresh: readonly FreshNodeConfig[], verbose: boolean): readonly Row[] {
  if (fresh.length === 0) return [];
  if (verbose) return fresh.map(freshRow);
  const oldest = fresh.reduce((age, one) => Math.max(age, one.ageMs), 0);
  return [{ glyph: '=', cells: [`${fresh.length} fresh, the oldest ${formatDuration(oldest)}`] }];
}

function freshRow({ node, ageMs }: FreshNodeConfig): Row {
  return { glyph: '=', cells: [`node ${node}`, 'configuration', `fresh, ${formatDuration(ageMs)} old`] };
}
