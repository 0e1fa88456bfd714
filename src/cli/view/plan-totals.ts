import type { Plan } from '../../plan/plan.ts';
import { amountsText, sumOfEstimates } from './estimate-text.ts';
import { count, formatBytes } from './quantities.ts';

/** The last line of a plan: what would be done, in one sentence or two. */
export function planTotals(plan: Plan): string {
  const rest = [
    ...(plan.waiting.length > 0 ? [`${plan.waiting.length} waiting`] : []),
    ...(plan.fresh.length > 0 ? [`${plan.fresh.length} fresh`] : []),
    ...(plan.problems.length > 0 ? [count(plan.problems.length, 'problem')] : []),
  ];
  const actions = actionTexts(plan);
  if (actions.length > 0) return `${[...actions, ...rest].join(', ')}.`;
  const verdict = plan.problems.length > 0 ? 'Nothing can be done now' : 'Nothing to do';
  return rest.length > 0 ? `${verdict}. ${rest.join(', ')}.` : `${verdict}.`;
}

function actionTexts({
  adopts,
  backups,
  nodeConfigs,
  restores,
  verifies,
  forgets,
  prunes,
}: Plan): readonly string[] {
  const amounts = amountsText(sumOfEstimates(backups));
  const reading = amounts === '' ? '' : ` (reads ${amounts})`;
  const overwrites = restores.filter((action) => action.replaces !== undefined).length;
  return [
    ...(adopts.length > 0 ? [`${adopts.length} to join`] : []),
    ...(backups.length > 0 ? [`${backups.length} to back up${reading}`] : []),
    ...(nodeConfigs.due.length > 0 ? [count(nodeConfigs.due.length, 'node configuration')] : []),
    ...(restores.length > 0
      ? [`${restores.length} to restore${overwrites > 0 ? ` (${overwrites} overwriting)` : ''}`]
      : []),
    ...(verifies.length > 0 ? [`${verifies.length} to verify${readText(verifies)}`] : []),
    ...(forgets.length > 0
      ? [`${forgets.reduce((sum, { forget }) => sum + forget.length, 0)} to forget`]
      : []),
    ...(prunes.length > 0 ? [`${prunes.length} to prune`] : []),
  ];
}

function readText(verifies: Plan['verifies']): string {
  const bytes = verifies.reduce((sum, { readBytes = 0 }) => sum + readBytes, 0);
  return bytes === 0 ? '' : ` (reads up to ${formatBytes(bytes)})`;
}
