import { setTimeout as sleep } from 'node:timers/promises';
import { cleanWithin } from '../../cli/node-mess.ts';
import type { Ended } from '../../cli/program.ts';
import type { Draws } from '../draws.ts';
import type { FaultPart, Made } from '../fault-part.ts';
import type { GuardedSite } from '../guarded-site.ts';
import { guardedSites } from '../guarded-sites.ts';
import { faultyWire, WIRE_FAULTS, type WireFault } from './faulty-wire.ts';

/** More than any run here takes: to connect, three keepalives, and the node's own patience. */
const MOST_RUN_MS = 300_000;
const ENDING_MS = 60_000;
/** About what a run sends and receives. */
const BYTES = { up: 25_000, down: 1_300_000 } as const;

/**
 * The wire breaks while apply runs: cut, stalled, slowed or flipped at any byte, in either direction. Whatever pvebak makes of it, no
 * snapshot appears that is not whole, the node is left clean or what is left is named, and the next run goes well.
 */
export function wirePart({
  lanes,
  shortCases,
}: {
  readonly lanes: number;
  readonly shortCases: number;
}): FaultPart {
  return {
    name: 'wire',
    share: 2,
    shortCases,
    async prepare(seed) {
      const sites = await guardedSites(seed, { lanes, backups: 1 });
      return {
        lanes,
        run: (draws, lane) => sites.use(lane, (site) => broken(site, draws)),
        [Symbol.asyncDispose]: sites.stop,
      };
    },
  };
}

async function broken(site: GuardedSite, draws: Draws): Promise<Made> {
  const direction = draws.pick(['up', 'down']);
  // Most of what is decided is decided in the first bytes.
  const at = Math.floor(BYTES[direction] * draws.fraction() ** 3);
  const fault: WireFault = { kind: draws.pick(WIRE_FAULTS), direction, at };
  site.reset();
  site.change(draws);
  try {
    await using wire = await faultyWire(site.node.port, fault);
    site.write('faulty.yaml', { port: wire.port });
    const before = site.known.size;
    const ended = await endedInTime(site);
    await site.judge();
    checkOutcome(ended, { fault, struck: wire.struck, snapshots: site.known.size - before });
    await cleanOrNamed(site, ended);
    await site.backUpAgain();
    return { [wire.struck ? `${fault.kind}, ${direction}` : 'runs that ended before the fault']: 1 };
  } catch (cause) {
    throw new Error(JSON.stringify(fault), { cause });
  }
}

async function endedInTime(site: GuardedSite): Promise<Ended> {
  const run = site.place.start(['apply', 'faulty.yaml', '--yes']);
  const late = sleep(MOST_RUN_MS, undefined, { ref: false });
  const ended = await Promise.race([run.ended, late]);
  if (ended !== undefined) return ended;
  run.child.kill('SIGKILL');
  const { stdout, stderr } = await run.ended;
  throw new Error(`apply did not end within ${MOST_RUN_MS / 1000} s:\n${stdout}${stderr}`);
}

/** What is told must be what is: both guests are backed up, or the run says that not all is well. */
function checkOutcome(
  { status, stdout, stderr }: Ended,
  {
    fault,
    struck,
    snapshots,
  }: { readonly fault: WireFault; readonly struck: boolean; readonly snapshots: number },
): void {
  const said = `it ended with ${status}, with ${snapshots} new snapshots:\n${stdout}${stderr}`;
  if (status !== 0 && status !== 3) throw new Error(said);
  if ((status === 0) !== (snapshots === 2)) throw new Error(said);
  if (status !== 0 && (!struck || fault.kind === 'slow')) throw new Error(said);
  if (/this is a bug/.test(stdout + stderr)) throw new Error(said);
}

async function cleanOrNamed(site: GuardedSite, { stdout }: Ended): Promise<void> {
  const commands = [...stdout.matchAll(/clean with: ([^;)\n]*)/g)].flatMap(([, command]) => command ?? []);
  for (const command of commands) await site.node.exec(command);
  await cleanWithin(site.node, ENDING_MS);
}
