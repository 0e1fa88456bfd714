import { setTimeout as sleep } from 'node:timers/promises';
import { formatGuestRef, type GuestRef, type NodeName } from '../pve/guest.ts';
import { type Aborted, findLeftovers, type Leftover } from '../pve/wrapper/leftovers.ts';
import type { Shell } from '../transport/shell.ts';
import { shellLine } from '../transport/shell-line.ts';
import type { ApplyHost } from './apply-host.ts';

/** What is known of a dump that was begun and does not count. */
export interface BrokenDump {
  readonly guest: GuestRef;
  /** Whether its wrapper on the node has ended. If not, the connection was lost, and it is about to clean up. */
  readonly ended: boolean;
  /** That had arrived of its stream. */
  readonly streamBytes: number;
  /** vzdump's log file on the node; undefined when its log does not name a time. */
  readonly logFile: string | undefined;
}

export interface WayToNode {
  readonly host: ApplyHost;
  readonly node: NodeName;
  /** The one that the dump ran over. */
  readonly shell: Shell;
}

const LOOK_WITHIN_MS = 20_000;
const LOOK_EVERY_MS = 1_000;
/** Once no worker is there, its wrapper needs about three seconds to remove what is its own. */
const LOOKS_WITHOUT_WORKER = 6;
/** Leaves the time for a connection to be made. */
const MOST_LOOKS = 14;

/**
 * Looks at the node after a dump that broke, over a connection of its own when that of the dump is gone. Best effort,
 * 20 s at most; never throws.
 * @returns a sentence for each thing that is left, with the command that cleans it, or one that says why nobody looked
 */
export async function leftByDump(broken: BrokenDump, way: WayToNode): Promise<readonly string[]> {
  const signal = AbortSignal.timeout(LOOK_WITHIN_MS);
  const { host, node, shell } = way;
  const aborted: Aborted = {
    guest: broken.guest,
    dumpDir: host.dumpDir,
    task: 'dump',
    ...(broken.logFile !== undefined && { dumpLog: broken.logFile }),
  };
  try {
    const left = broken.ended
      ? await findLeftovers(shell, aborted, { signal })
      : await lookAnew(aborted, way, signal);
    return left.map((leftover) => leftText(leftover, broken.guest, node));
  } catch (error) {
    return [notLooked(error, broken.guest, node)];
  }
}

async function lookAnew(
  aborted: Aborted,
  { host }: WayToNode,
  signal: AbortSignal,
): Promise<readonly Leftover[]> {
  await using shell = await host.openNode(signal);
  return await lookUntilClean(() => findLeftovers(shell, aborted, { signal }));
}

async function lookUntilClean(look: () => Promise<readonly Leftover[]>): Promise<readonly Leftover[]> {
  let left = await look();
  let alone = 0;
  for (let looks = 1; looks < MOST_LOOKS && left.length > 0; looks++) {
    alone = left.some(({ kind }) => kind === 'worker') ? 0 : alone + 1;
    if (alone === LOOKS_WITHOUT_WORKER) return left;
    await sleep(LOOK_EVERY_MS);
    left = await look();
  }
  return left;
}

/** `left on pve1: qemu/101 is locked (backup); clean with: qm unlock 101` */
export function leftText({ kind, what, command }: Leftover, guest: GuestRef, node: NodeName): string {
  const name = formatGuestRef(guest);
  const line = shellLine(command);
  switch (kind) {
    case 'worker':
      return `left on ${node}: a vzdump of ${name} that still runs; if it does not end within two minutes: ${line}`;
    case 'lock':
      return `left on ${node}: ${name} is locked (${what}); clean with: ${line}`;
    case 'prelaunch':
      return `left on ${node}: ${name} was started for the dump and waits (prelaunch); clean with: ${line}`;
    case 'stub':
      return `left on ${node}: ${name} is a stub; clean with: ${line}`;
    case 'dump-folder':
    case 'dump-log':
    case 'unfinished-archive':
    case 'staged-archive':
    case 'private-folder':
    case 'claim':
      return `left on ${node}: ${what}; clean with: ${line}`;
  }
}

function notLooked(error: unknown, guest: GuestRef, node: NodeName): string {
  const reason = error instanceof Error ? error.message : String(error);
  const config = guest.type === 'qemu' ? 'qm config' : 'pct config';
  return `${node} could not be asked what is left of the dump of ${formatGuestRef(guest)} (${reason.replace(/\s+/g, ' ')}); look there with: ${config} ${guest.vmid}`;
}
