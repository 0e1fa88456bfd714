/** pvebak as users run it: `pvebak apply` of a site, `pvebak restore` to a new vmid, `pvebak dump` of one file. */
import { renameSync } from 'node:fs';
import { byIdentity, labSite } from '../cli/lab-site.ts';
import { Workplace } from '../cli/program.ts';
import type { BenchNodes } from './bench-node.ts';
import { type MeasuredCommand, mustRun, runMeasured } from './run-measured.ts';
import type { Run, Tool } from './tool.ts';

export interface PvebakOptions {
  readonly nodes: BenchNodes;
  readonly vmid: number;
  readonly type: 'qemu' | 'lxc';
  /** Lines of the host's entry; by default it runs on the node itself. */
  readonly host?: readonly string[];
}

/** With a folder of its own. */
export interface PvebakTool extends Tool, Disposable {
  readonly place: Workplace;
  /** The site's host from now on. */
  use(host: readonly string[]): void;
}

/** As in the events of `pvebak apply --json`. */
export interface BackupFigures {
  readonly snapshot: string;
  readonly newBytes: number;
  readonly reusedBytes: number;
  readonly storedBytes: number;
  readonly streamBytes: number;
  readonly elapsedMs: number;
  readonly spilledPieces: number;
  readonly smallerBlobs: number;
}

const LOCAL = ['mode: local'];
const RESTORED_VMID = 901;

export async function pvebakTool({ nodes, vmid, type, host = LOCAL }: PvebakOptions): Promise<PvebakTool> {
  const place = new Workplace();
  let lines = host;
  let last = NOTHING;
  const use = (next: readonly string[]) => {
    lines = next;
    const backups = [`{ name: all, host: pve, vmid: [${vmid}], rpo: 1s }`];
    place.write('site.yaml', labSite({ hosts: { pve: lines }, backups }));
  };
  const command = (...args: readonly string[]): MeasuredCommand => ({
    line: place.line(...args),
    env: place.environment,
    ...(lines === LOCAL && { start: (script) => nodes.node().spawn(script) }),
  });
  use(host);
  await mustRun(command('init', 'site.yaml'));
  return {
    name: 'pvebak',
    place,
    use,
    repositoryBytes: () => place.repositorySize(),
    async backup(stream) {
      nodes.prepare(vmid, stream);
      const run = await mustRun(command('apply', 'site.yaml', '--yes', '--json'));
      last = reportsOf(run.stdout, 'backed-up')[0] ?? NOTHING;
      const { newBytes, reusedBytes, storedBytes, elapsedMs } = last;
      const work = { dataBytes: newBytes + reusedBytes, newBytes, storedBytes };
      return { ...run, inside: elapsedMs / 1000, work };
    },
    restore: (file) => restore({ nodes, file, command, snapshot: last.snapshot }),
    oneFile: async (path, file) => {
      const from = `/${type}/${vmid}/rootfs/${path}`;
      const dump = command(
        'dump',
        last.snapshot,
        from,
        '--repo',
        'repository',
        '--password-file',
        'password',
      );
      const run = await runMeasured({ ...dump, line: `${dump.line} > '${file}'` });
      return run.status === 0 ? run : undefined;
    },
    [Symbol.dispose]: () => place[Symbol.dispose](),
  };
}

/** Of all items of a run that came out so. */
export function reportsOf(events: string, outcome: 'backed-up' | 'restored'): readonly BackupFigures[] {
  return events
    .split('\n')
    .filter((line) => line.includes(`"kind":"${outcome}"`))
    .map((line): { readonly outcome: { readonly report: BackupFigures } } => JSON.parse(line))
    .map((event) => event.outcome.report);
}

/** The host's lines for a node over SSH. @param port of a proxy before it */
export function sshHost(nodes: BenchNodes, client: 'ssh2' | 'openssh', port?: number): readonly string[] {
  const node = nodes.node();
  const location = port === undefined ? {} : { location: `proxmox://${node.host}:${port}` };
  return byIdentity(node, { conn_client: client, ...location });
}

const NOTHING: BackupFigures = {
  snapshot: '',
  newBytes: 0,
  reusedBytes: 0,
  storedBytes: 0,
  streamBytes: 0,
  elapsedMs: 0,
  spilledPieces: 0,
  smallerBlobs: 0,
};

interface Restore {
  readonly nodes: BenchNodes;
  readonly file: string;
  readonly snapshot: string;
  readonly command: (...args: readonly string[]) => MeasuredCommand;
}

async function restore({ nodes, file, snapshot, command }: Restore): Promise<Run> {
  const vmid = String(RESTORED_VMID);
  await nodes.node().exec(`rm -f /etc/pve/qemu-server/${vmid}.conf`);
  const run = await mustRun(command('restore', snapshot, '--to', 'pve', '--vmid', vmid, '--yes', '--json'));
  const [report] = reportsOf(run.stdout, 'restored');
  renameSync(nodes.restored(RESTORED_VMID), file);
  return { ...run, ...(report !== undefined && { inside: report.elapsedMs / 1000 }) };
}
