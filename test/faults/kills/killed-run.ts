import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Draws } from '../draws.ts';
import type { GuardedSite } from '../guarded-site.ts';

const PRELOAD = join(import.meta.dirname, 'kill-at-event.ts');

export const STEPS = ['backup', 'forget', 'prune', 'verify', 'repair index'] as const;
export type Step = (typeof STEPS)[number];

/** How a step is run. */
export interface StepFacts {
  readonly args: readonly string[];
  /** About how many changes of the repository it makes, and how long it takes. */
  readonly events: number;
  readonly milliseconds: number;
  /** About how much it stores at most. */
  readonly storedBytes: number;
}

export const FACTS: Readonly<Record<Step, StepFacts>> = {
  backup: { args: ['apply', 'site.yaml', '--yes'], events: 19, storedBytes: 1_200_000, milliseconds: 3_000 },
  forget: {
    args: ['apply', 'forget.yaml', '--yes', '--allow', 'forget'],
    events: 8,
    storedBytes: 8_000,
    milliseconds: 1_500,
  },
  prune: {
    args: ['prune', 'site.yaml', '--max-unused', '0%'],
    events: 20,
    storedBytes: 900_000,
    milliseconds: 1_500,
  },
  verify: {
    args: ['verify', '--site', 'site.yaml', '--read-data'],
    events: 11,
    storedBytes: 60_000,
    milliseconds: 1_500,
  },
  'repair index': {
    args: ['repair', 'index', 'site.yaml'],
    events: 9,
    storedBytes: 20_000,
    milliseconds: 1_000,
  },
};

/** When a run is killed: at a change of the repository, or so long after it began. */
export type KillMoment =
  | { readonly kind: 'event'; readonly number: number; readonly side: 'before' | 'after' }
  | { readonly kind: 'time'; readonly milliseconds: number };

export function drawMoment(step: Step, draws: Draws): KillMoment {
  const { events, milliseconds } = FACTS[step];
  return draws.fraction() < 0.7
    ? { kind: 'event', number: draws.between(1, events), side: draws.pick(['before', 'after']) }
    : { kind: 'time', milliseconds: draws.between(1, milliseconds) };
}

/** @returns whether it was killed: it may have ended before @throws when it ends badly by itself */
export async function killRun(site: GuardedSite, step: Step, moment: KillMoment): Promise<boolean> {
  const { args } = FACTS[step];
  const options =
    moment.kind === 'time'
      ? {}
      : {
          node: ['--import', PRELOAD],
          env: { PVEBAK_KILL_IN: site.repository, PVEBAK_KILL_AT: `${moment.number} ${moment.side}` },
        };
  const run = site.place.start(args, options);
  if (moment.kind === 'time') {
    await Promise.race([sleep(moment.milliseconds), run.ended]);
    run.child.kill('SIGKILL');
  }
  const { status, stdout, stderr } = await run.ended;
  if (run.child.signalCode === 'SIGKILL') return true;
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}:\n${stdout}${stderr}`);
  return false;
}
