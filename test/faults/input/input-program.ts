/**
 * A process of its own in which hostile input is read, so that a hang or a crash of it is seen from outside. It says each item before
 * it reads it; how much memory that took is looked at afterwards.
 */
import { SiteFileError } from '../../../src/config/site-file-error.ts';
import { FormatError } from '../../../src/formats/format-error.ts';
import { UserError } from '../../../src/user-error.ts';
import { Draws } from '../draws.ts';
import { archiveTargets } from './archive-targets.ts';
import type { InputTarget } from './input-target.ts';
import { mutateBytes, mutateJson } from './mutate.ts';
import { nodeTargets } from './node-targets.ts';
import { operatorTargets } from './operator-targets.ts';
import { repositoryTargets } from './repository-targets.ts';

/** Above what the process had before: the largest file that is decompressed has 256 MiB. */
const MOST_MORE_BYTES = 700 << 20;

export type InputMessage =
  | { readonly kind: 'begins'; readonly item: number; readonly target: string }
  | { readonly kind: 'fault'; readonly item: number; readonly target: string; readonly what: string }
  | { readonly kind: 'done'; readonly made: Readonly<Record<string, number>> };

const [seed = '', count = '0'] = process.argv.slice(2);
const targets = [
  ...(await archiveTargets()),
  ...(await repositoryTargets()),
  ...nodeTargets(),
  ...operatorTargets(),
];
const made: Record<string, number> = {};

for (let item = 0; item < Number(count); item++) {
  const draws = new Draws(`${seed} ${item}`);
  const target = targets[draws.below(targets.length)];
  if (target === undefined) continue;
  say({ kind: 'begins', item, target: target.name });
  const what = await faultOf(target, mutated(target, draws));
  if (what !== undefined) say({ kind: 'fault', item, target: target.name, what });
  made[`hostile ${target.name}`] = (made[`hostile ${target.name}`] ?? 0) + 1;
}
say({ kind: 'done', made });
process.disconnect();

function mutated({ form, seeds }: InputTarget, draws: Draws): Buffer {
  const seed = seeds[draws.below(seeds.length)] ?? new Uint8Array();
  return form === 'json' && draws.fraction() < 0.8
    ? mutateJson(seed, draws)
    : mutateBytes(seed, seeds, draws);
}

async function faultOf(target: InputTarget, input: Buffer): Promise<string | undefined> {
  const before = process.resourceUsage().maxRSS;
  try {
    await target.read(input);
  } catch (error) {
    const isOurs =
      error instanceof FormatError || error instanceof UserError || error instanceof SiteFileError;
    if (!isOurs) return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  const more = (process.resourceUsage().maxRSS - before) * 1024;
  return more > MOST_MORE_BYTES ? `it took ${more >> 20} MiB of memory` : undefined;
}

function say(message: InputMessage): void {
  process.send?.(message);
}
