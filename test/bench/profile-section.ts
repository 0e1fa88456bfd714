/** Where the processor time of a first and a second backup over SSH goes: functions by self time, for each thread. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { byIdentity, labSite } from '../cli/lab-site.ts';
import { ENTRY, Workplace } from '../cli/program.ts';
import { type BenchContext, workFolder, writeGenerations } from './bench-context.ts';
import { BenchNodes } from './bench-node.ts';
import { planDisk, rewrite } from './disk-plan.ts';
import type { Section, Table } from './report.ts';
import { mustRun } from './run-measured.ts';

const VMID = 101;
const SHOWN = 12;
/** What a thread does when it has nothing to do. */
const IDLE = new Set(['(idle)', '(program)', 'epoll_wait']);

export async function profileSection(context: BenchContext): Promise<Section> {
  using folder = workFolder(context, 'profile');
  const { size, seed } = context.options;
  const first = planDisk(size, seed);
  const disks = [first, rewrite(first, 0.01, seed)];
  const { files, pool } = await writeGenerations(context, disks, { folder: folder.path, vmid: VMID });
  using _closed = pool;
  await using nodes = await BenchNodes.start(folder.path);
  nodes.addVm(VMID);
  using place = new Workplace();
  const backups = [`{ name: all, host: pve, vmid: [${VMID}], rpo: 1s }`];
  place.write('site.yaml', labSite({ hosts: { pve: byIdentity(nodes.node()) }, backups }));
  await mustRun({ line: place.line('init', 'site.yaml'), env: place.environment });
  const tables: Table[] = [];
  for (const [index, file] of files.entries()) {
    nodes.prepare(VMID, file);
    const profiles = join(folder.path, `profiles-${index}`);
    const line = place
      .line('apply', 'site.yaml', '--yes')
      .replace(ENTRY, `--cpu-prof --cpu-prof-dir='${profiles}' ${ENTRY}`);
    await mustRun({ line, env: place.environment });
    tables.push(...tablesOf(profiles, index === 0 ? 'first backup' : 'second backup'));
  }
  return { name: 'profile', tables, verdicts: [] };
}

/** A profile as V8 writes it: of each sample the node, and the microseconds since the one before. */
interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** One for each thread that was busy, the busiest first. */
function tablesOf(folder: string, what: string): readonly Table[] {
  return readdirSync(folder)
    .map((name) => selfTimes(JSON.parse(readFileSync(join(folder, name), 'utf8'))))
    .map((times) => ({ times, busy: [...times.values()].reduce((sum, ms) => sum + ms, 0) }))
    .sort((a, b) => b.busy - a.busy)
    .map(({ times, busy }, index) => ({
      title: `${what}, thread ${index + 1}: ${Math.round(busy)} ms busy`,
      columns: ['function', 'self ms', '%'],
      rows: [...times]
        .sort(([, a], [, b]) => b - a)
        .slice(0, SHOWN)
        .map(([name, ms]) => [name, ms, (100 * ms) / busy]),
    }));
}

/** Milliseconds by function and place. */
function selfTimes({ nodes, samples, timeDeltas }: Profile): ReadonlyMap<string, number> {
  const names = new Map(
    nodes.map(({ id, callFrame: { functionName, url, lineNumber } }) => [
      id,
      url === '' ? functionName : `${functionName || '(anonymous)'} ${basename(url)}:${lineNumber + 1}`,
    ]),
  );
  const times = new Map<string, number>();
  for (const [index, sample] of samples.entries()) {
    const name = names.get(sample) ?? '';
    if (!IDLE.has(name)) times.set(name, (times.get(name) ?? 0) + (timeDeltas[index] ?? 0) / 1000);
  }
  return times;
}
