/** One dump that is struck in the middle, and what is there afterwards. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LabNode } from '../lab/lab-node.ts';
import { type DroppableRoute, droppableRoute } from '../pve/wrapper/droppable-route.ts';
import type { AbortCell } from './abort-matrix.ts';
import { strike } from './abort-strike.ts';
import { byIdentity, labSite } from './lab-site.ts';
import { type Ended, type RunningProgram, Workplace } from './program.ts';

export const DISK_BYTES = 12 << 20;
/** That the node's limit on the bandwidth makes a dump take: at the last blow more is to come than buffers on the way hold. */
const DUMP_MS = 8_000;
/** Of these, when the last blow falls: that some of the stream has come is seen a little late. */
const STRUCK_WITHIN_MS = 3_000;
/** The stall timeout of these sites, and so the silence that the wrappers allow. */
export const SILENCE_MS = 20_000;
/** To end vzdump once it was told to. */
const ENDING_MS = 45_000;

export interface StruckDump {
  readonly place: Workplace;
  readonly node: LabNode;
  readonly vmid: number;
  readonly route: DroppableRoute;
}

/** A place with a repository of its own, a copy of an empty one, and a way to the node that can break. */
export async function struckDump(
  empty: Workplace,
  node: LabNode,
  vmid: number,
): Promise<StruckDump & AsyncDisposable> {
  const place = new Workplace();
  cpSync(join(empty.folder, 'repository'), join(place.folder, 'repository'), { recursive: true });
  const route = await droppableRoute(node.port);
  const location = `proxmox://127.0.0.1:${route.port}`;
  const bwlimit = `${Math.round(DISK_BYTES / 1024 / (DUMP_MS / 1000))}KiB`;
  place.write('slow.yaml', siteFor(node, vmid, { location, vzdump: `{ bwlimit: ${bwlimit} }` }));
  place.write('site.yaml', siteFor(node, vmid, {}));
  return {
    place,
    node,
    vmid,
    route,
    async [Symbol.asyncDispose]() {
      await route[Symbol.asyncDispose]();
      place[Symbol.dispose]();
    },
  };
}

export function siteFor(node: LabNode, vmid: number, more: Readonly<Record<string, string>>): string {
  const hosts = { pve: byIdentity(node, { stall_timeout: `${SILENCE_MS / 1000}s`, ...more }) };
  return labSite({ hosts, backups: [`{ name: all, host: pve, vmid: [${vmid}] }`] });
}

export interface Outcome {
  readonly kind: string;
  readonly code?: string;
  readonly reason: string;
  readonly hint?: string;
  readonly left: readonly string[];
}

/** Starts the dump and strikes; the node is clean when it returns. @returns how the run ended, undefined when it was killed */
export async function strikeDump(
  { accident, fraction }: Pick<AbortCell<string>, 'accident' | 'fraction'>,
  { place, node, route }: StruckDump,
): Promise<Ended | undefined> {
  const run = place.start(['apply', 'slow.yaml', '--yes', '--json']);
  try {
    await dumping(run);
    await sleep(fraction * STRUCK_WITHIN_MS);
    const patience = { cleanMs: SILENCE_MS + ENDING_MS, endMs: SILENCE_MS + 2 * ENDING_MS };
    return await strike(accident, { run, node, route }, patience);
  } finally {
    run.child.kill('SIGKILL');
  }
}

/** From when some of the stream has come: what is struck before that is begun again. */
export async function dumping(run: RunningProgram): Promise<void> {
  await run.says(/"streamBytes":[1-9]/);
}

/** How the one item of a run with --json came out. */
export function outcomeOf({ stdout }: Ended): Outcome {
  const line = stdout.split('\n').find((each) => each.includes('"item-ended"'));
  if (line === undefined) throw new Error(`no item has ended:\n${stdout}`);
  const { outcome }: { outcome: Outcome } = JSON.parse(line);
  return outcome;
}
