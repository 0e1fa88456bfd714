/** One restore that is struck in the middle, and what is told of it. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import type { LabNode } from '../lab/lab-node.ts';
import { type DroppableRoute, droppableRoute } from '../pve/wrapper/droppable-route.ts';
import { outcomeOf } from './abort-cell.ts';
import type { AbortCell } from './abort-matrix.ts';
import { type Patience, strike } from './abort-strike.ts';
import { byIdentity, labSite } from './lab-site.ts';
import { type RunningProgram, until, Workplace } from './program.ts';

/** What is under way when it is struck: an archive that the tool reads as it comes, or one on its way into a file. */
export const RESTORES = ['qmrestore', 'pct restore', 'staging'] as const;
export type RestoreCell = AbortCell<(typeof RESTORES)[number]>;

export const DISK_BYTES = 20 << 20;
/** That the way to the node makes the archive take. It is three frames of what the wrapper reads. */
const SENDING_MS = 4_000;

/** More than all that is sent before the archive; well below its first frame. */
const BEFORE_ARCHIVE = 512 << 10;

const IS_HEARD_MS = 60_000;
/** To end the tool, which is not told before it is 5 s old. */
const ENDING_MS = 60_000;

const PATIENCE: Readonly<Record<RestoreCell['accident'], Patience>> = {
  SIGINT: { cleanMs: ENDING_MS, endMs: ENDING_MS },
  SIGKILL: { cleanMs: ENDING_MS, endMs: 0 },
  SIGSTOP: { cleanMs: IS_HEARD_MS + ENDING_MS, endMs: ENDING_MS },
  'a cut connection': { cleanMs: ENDING_MS, endMs: ENDING_MS },
  'a dropped route': { cleanMs: IS_HEARD_MS + ENDING_MS, endMs: ENDING_MS },
};

export const POLICY = '{ name: all, host: pve, vmid: [101, 105] }';

export interface RestoreOrder {
  /** Has a snapshot of `guest` in its repository. */
  readonly full: Workplace;
  readonly node: LabNode;
  /** `qemu/101` */
  readonly guest: string;
  /** A free one. */
  readonly vmid: number;
}

/** A folder with a copy of the repository, whose sites lead to the node: `site.yaml` at once, `slow.yaml` by a way that can break. */
export async function struckRestore(order: RestoreOrder) {
  const { full, node } = order;
  const place = new Workplace();
  cpSync(join(full.folder, 'repository'), join(place.folder, 'repository'), { recursive: true });
  const route = await droppableRoute(node.port, { bytesPerSecond: (DISK_BYTES / SENDING_MS) * 1000 });
  const site = (more: Readonly<Record<string, string>>) =>
    labSite({ hosts: { pve: byIdentity(node, { cleanup: 'true', ...more }) }, backups: [POLICY] });
  place.write('slow.yaml', site({ location: `proxmox://127.0.0.1:${route.port}` }));
  place.write('site.yaml', site({}));
  return {
    ...order,
    place,
    route,
    async [Symbol.asyncDispose]() {
      await route[Symbol.asyncDispose]();
      place[Symbol.dispose]();
    },
  };
}

export type StruckRestore = Awaited<ReturnType<typeof struckRestore>>;

/** Starts the restore and strikes; the node is clean when it returns. @returns how it came out, undefined when it was killed */
export async function strikeRestore({ subject, accident, fraction }: RestoreCell, restore: StruckRestore) {
  const { place, node, route } = restore;
  const way = subject === 'staging' ? 'staged' : 'streamed';
  const run = place.start([...restoreArguments(restore, 'slow.yaml'), '--mode', way, '--json']);
  try {
    await sent(run, route, BEFORE_ARCHIVE + fraction * (DISK_BYTES - BEFORE_ARCHIVE));
    const ended = await strike(accident, { run, node, route }, PATIENCE[accident]);
    return ended && { status: ended.status, ...outcomeOf(ended) };
  } finally {
    run.child.kill('SIGKILL');
  }
}

export function restoreArguments(
  { guest, vmid }: Pick<RestoreOrder, 'guest' | 'vmid'>,
  site: string,
): readonly string[] {
  const what = ['--latest', '--guests', guest, '--to', 'pve', '--vmid', String(vmid)];
  return ['restore', '--site', site, ...what, '--yes'];
}

/** Waits for the run to have sent so much. @throws when it ends before */
async function sent(run: RunningProgram, route: DroppableRoute, bytes: number): Promise<void> {
  await until(() => {
    if (run.child.exitCode !== null && route.passed < bytes)
      throw new Error(`it ended before it was struck:\n${run.stdout}`);
    return route.passed >= bytes;
  });
}
