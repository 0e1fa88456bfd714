import type { Retention } from '../../config/site.ts';

/** Whether both keep the same; undefined keeps everything. */
export function sameRetention(a: Retention | undefined, b: Retention | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return RULES.every((rule) => (a[rule] ?? 0) === (b[rule] ?? 0));
}

const RULES = ['last', 'hourly', 'daily', 'weekly', 'monthly', 'yearly', 'withinMs'] as const;
