/** A VM over SSH: the second backup beside the bare pipe into nothing, with both clients, with and without delay on the line. */
import { join } from 'node:path';
import { runProgram } from '../lab/run-program.ts';
import { type BenchContext, runChild, workFolder, writeGenerations } from './bench-context.ts';
import { BenchNodes } from './bench-node.ts';
import { directSource } from './direct-disk.ts';
import { planDisk, rewrite } from './disk-plan.ts';
import type { DrainFigures } from './drain-ssh2.ts';
import { type PvebakTool, pvebakTool, sshHost } from './pvebak-tool.ts';
import { atLeast, mib, type Section } from './report.ts';
import { type Measured, mustRun } from './run-measured.ts';
import { startProxy } from './start-proxy.ts';
import type { Run } from './tool.ts';

const VMID = 101;
const CLIENTS = ['ssh2', 'openssh'] as const;
type Client = (typeof CLIENTS)[number];
/** Milliseconds there and back. */
const ROUND_TRIPS = [0, 20] as const;
const BAR = 0.7;

interface Line {
  readonly client: Client;
  readonly roundTripMs: number;
  readonly port: number;
}

interface Result {
  readonly line: Line;
  /** Seconds of the stream alone, login left out. */
  readonly bareSeconds: number;
  readonly bare: Measured;
  readonly backup: Run;
  readonly bytes: number;
}

export async function sshSection(context: BenchContext): Promise<Section> {
  using folder = workFolder(context, 'ssh');
  const { size, seed } = context.options;
  const first = planDisk(size, seed);
  const disks = [first, rewrite(first, 0.01, seed)];
  const { files, lengths, pool } = await writeGenerations(context, disks, {
    folder: folder.path,
    vmid: VMID,
  });
  using _closed = pool;
  await using nodes = await BenchNodes.start(folder.path);
  nodes.addVm(VMID);
  const { port } = nodes.node();
  using proxy = await startProxy(port, Math.max(...ROUND_TRIPS) / 2);
  using pvebak = await pvebakTool({ nodes, vmid: VMID, type: 'qemu', host: sshHost(nodes, 'ssh2') });
  await pvebak.backup(files[0] ?? '');
  const keep = keeper(pvebak);
  const results: Result[] = [];
  for (const roundTripMs of ROUND_TRIPS) {
    for (const client of CLIENTS) {
      context.say(`second backup with ${client}, ${roundTripMs} ms`);
      const line = { client, roundTripMs, port: roundTripMs === 0 ? port : proxy.port };
      const stream = { file: files[1] ?? '', bytes: lengths[1] ?? 0 };
      results.push(await measureLine(line, stream, { nodes, pvebak }));
      keep.back();
    }
  }
  return sectionOf(results);
}

interface Parts {
  readonly nodes: BenchNodes;
  readonly pvebak: PvebakTool;
}

async function measureLine(
  line: Line,
  { file, bytes }: { readonly file: string; readonly bytes: number },
  { nodes, pvebak }: Parts,
): Promise<Result> {
  const { bareSeconds, bare } = await barePipe(line, file, nodes);
  pvebak.use(sshHost(nodes, line.client, line.port));
  return { line, bareSeconds, bare, backup: await pvebak.backup(file), bytes };
}

/** From OpenSSH's time that of a login and nothing else is taken away; the built-in client tells its own. */
async function barePipe(
  { client, port }: Line,
  file: string,
  nodes: BenchNodes,
): Promise<Pick<Result, 'bareSeconds' | 'bare'>> {
  const node = nodes.node();
  if (client === 'ssh2') {
    const args = [String(port), node.identityFile, node.hostKeyFingerprint, file];
    const { figures, run } = await runChild<DrainFigures>('drain-ssh2.ts', { args });
    return { bareSeconds: figures.seconds, bare: run };
  }
  const options =
    '-F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -c aes128-gcm@openssh.com';
  const ssh = (command: string) =>
    mustRun({
      line: `ssh ${options} -i '${node.identityFile}' -p ${port} root@127.0.0.1 ${command} > /dev/null`,
      env: { PATH: '/usr/bin:/bin', HOME: '/nonexistent' },
    });
  const login = await ssh('true');
  const bare = await ssh(`${directSource}'${file}'`);
  return { bareSeconds: bare.wall - login.wall, bare };
}

function sectionOf(results: readonly Result[]): Section {
  const rates = results.map(({ bytes, bareSeconds, backup }) => ({
    bare: mib(bytes) / bareSeconds,
    backup: mib(bytes) / (backup.inside ?? backup.wall),
  }));
  const names = results.map(({ line }) => `${line.client}, ${line.roundTripMs} ms`);
  return {
    name: 'ssh',
    tables: [
      {
        title: 'Second backup over SSH',
        columns: [
          'client, round trip',
          'bare MiB/s',
          'bare processor s',
          'backup MiB/s',
          'backup wall s',
          'processor s',
          'peak MiB',
          'of the pipe %',
        ],
        rows: results.map(({ bare, backup }, index) => {
          const { bare: bareRate = 0, backup: rate = 0 } = rates[index] ?? {};
          return [
            names[index],
            bareRate,
            bare.cpu,
            rate,
            backup.wall,
            backup.cpu,
            mib(backup.peak),
            (100 * rate) / bareRate,
          ];
        }),
        notes: [
          'bare: the stream over the same client and the same line into nothing. Rates are of the stream alone, without login and plan.',
          'processor: of the side that reads; sshd runs on the same cores. With delay a proxy does, too.',
        ],
      },
    ],
    verdicts: rates.map(({ bare, backup }, index) =>
      atLeast(`second backup, of the bare pipe: ${names[index]}`, backup / bare, { bar: BAR, unit: '' }),
    ),
  };
}

/** Brings the repository back to how it was, so that each second backup is one. Its files are never changed in place. */
function keeper({ place }: PvebakTool): { readonly back: () => void } {
  const kept = join(place.folder, 'kept');
  const repository = join(place.folder, 'repository');
  runProgram('cp', ['--archive', '--link', repository, kept]);
  return {
    back: () => {
      runProgram('rm', ['--recursive', '--force', repository]);
      runProgram('cp', ['--archive', '--link', kept, repository]);
    },
  };
}
