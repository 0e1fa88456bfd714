/** One dump that is struck in the middle, and what is there afterwards. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LabNode } from '../lab/lab-node.ts';
import { type DroppableRoute, droppableRoute } from '../pve/wrapper/droppable-route.ts';
import type { AbortCell } from './abort-matrix.ts';
import { byIdentity, labSite } from './lab-site.ts';
import { cleanWithin } from './node-mess.ts';
import { type Ended, type RunningProgram, Workplace } from './program.ts';

export const DISK_BYTES = 12 << 20;
/** That the node's limit on the bandwidth makes a dump take. */
const DUMP_MS = 3_000;
/** The stall timeout of these sites, and so the silence that the wrappers allow. */
export const SILENCE_MS = 6_000;
/** To end vzdump once it was told to. */
const ENDING_MS = 15_000;

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
  readonly left: readonly string[];
}

/** Starts the dump and strikes; the node is clean when it returns. @returns how the run ended, undefined when it was killed */
export async function strike(
  { accident, fraction }: Pick<AbortCell, 'accident' | 'fraction'>,
  dump: StruckDump,
): Promise<Ended | undefined> {
  const { place, node, route } = dump;
  const run = place.start(['apply', 'slow.yaml', '--yes', '--json']);
  try {
    await dumping(run, node);
    await sleep(fraction * DUMP_MS);
    switch (accident) {
      case 'SIGINT':
        run.child.kill('SIGINT');
        break;
      case 'SIGKILL':
        run.child.kill('SIGKILL');
        await run.ended;
        break;
      case 'SIGSTOP':
        run.child.kill('SIGSTOP');
        await cleanWithin(node, SILENCE_MS + ENDING_MS);
        run.child.kill('SIGCONT');
        break;
      case 'a cut connection':
        await node.exec('kill -KILL $(cat /proc/1/task/1/children)');
        break;
      case 'a dropped route':
        route.drop();
        break;
    }
    await cleanWithin(node, SILENCE_MS + ENDING_MS);
    const ended = await within(run.ended, SILENCE_MS + 2 * ENDING_MS);
    return accident === 'SIGKILL' ? undefined : ended;
  } finally {
    run.child.kill('SIGKILL');
  }
}

/** From when the wrapper is on the node. */
export async function dumping(run: RunningProgram, node: LabNode): Promise<void> {
  await run.says('"item-started"');
  while (run.child.exitCode === null && (await node.exec('ls -d /run/pvebak*')).stdout === '')
    await sleep(50);
}

async function within<T>(work: Promise<T>, milliseconds: number): Promise<T> {
  const late = sleep(milliseconds, undefined, { ref: false }).then(() => {
    throw new Error(`it did not end within ${milliseconds} ms`);
  });
  return await Promise.race([work, late]);
}

/** How the one item of a run with --json came out. */
export function outcomeOf({ stdout }: Ended): Outcome {
  const line = stdout.split('\n').find((each) => each.includes('"item-ended"'));
  if (line === undefined) throw new Error(`no item has ended:\n${stdout}`);
  const { outcome }: { outcome: Outcome } = JSON.parse(line);
  return outcome;
}
