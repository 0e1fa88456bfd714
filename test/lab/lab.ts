/**
 * A Proxmox VE node or cluster for tests and the demo: real OpenSSH servers on loopback ports, and stand-ins for Proxmox VE's
 * command-line tools that behave as recordings of the real ones do. Needs root on Linux, for namespaces.
 */

import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeClusterFiles } from './cluster-files.ts';
import { LabNode, type NodeAccess } from './lab-node.ts';
import { runProgram } from './run-program.ts';
import type { PveVersion, Settings } from './stand-ins/lab-state.ts';

export interface LabOptions {
  /** Nodes that are on. Default: pve1. */
  readonly nodes?: readonly string[];
  /** Nodes that the cluster knows and that are off. */
  readonly offline?: readonly string[];
  readonly version?: PveVersion;
  /** A guest is `unknown` for 10 s after it was made, as between two rounds of pvestatd. */
  readonly freshGuestsUnknown?: boolean;
  /** How long qmrestore waits for the header of an archive. Default: 60, as the real one. */
  readonly vmaHeaderSeconds?: number;
  /** Whether the nodes are joined; by default they are when there is more than one. */
  readonly cluster?: boolean;
  /** Further lines for the SSH servers' configuration. */
  readonly sshdConfig?: string;
}

export class Lab implements AsyncDisposable {
  readonly dir: string;
  readonly nodes: readonly LabNode[];
  readonly password: string;
  /** Private key that every node accepts for root. */
  readonly identityFile: string;

  constructor(dir: string, nodes: readonly LabNode[], access: NodeAccess) {
    this.dir = dir;
    this.nodes = nodes;
    this.password = access.password;
    this.identityFile = access.identityFile;
  }

  /** @throws when the lab has no such node that was started */
  node(name: string): LabNode {
    const found = this.nodes.find((each) => each.name === name);
    if (found === undefined) throw new Error(`the lab has no node ${name}`);
    return found;
  }

  /** The folder that the nodes see as /etc/pve. */
  get pve(): string {
    return `${this.dir}/pve`;
  }

  /** Ends all that runs in the lab and removes it. */
  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
    rmSync(this.dir, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

export async function startLab(options: LabOptions = {}): Promise<Lab> {
  const online = options.nodes ?? ['pve1'];
  const all = [...online, ...(options.offline ?? [])];
  const dir = mkdtempSync(join(tmpdir(), 'pvebak-lab-'));
  chmodSync(dir, 0o755);
  makeClusterFiles(`${dir}/pve`, { nodes: all, corosync: options.cluster ?? all.length > 1 });
  makeShared(`${dir}/shared`, options);
  const access = makeAccess(dir, options.sshdConfig ?? '');
  const started = await Promise.allSettled(online.map((name) => LabNode.start(name, dir, access)));
  const lab = new Lab(
    dir,
    started.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : [])),
    access,
  );
  const failed = started.find((each) => each.status === 'rejected');
  if (failed === undefined) return lab;
  await lab.stop();
  throw failed.reason;
}

function makeShared(shared: string, options: LabOptions): void {
  for (const folder of ['guests', 'created', 'faults', 'online', 'tasks'])
    mkdirSync(`${shared}/${folder}`, { recursive: true });
  const settings: Settings = {
    version: options.version ?? '8.4',
    freshSeconds: options.freshGuestsUnknown === true ? 10 : 0,
    vmaHeaderSeconds: options.vmaHeaderSeconds ?? 60,
  };
  writeFileSync(`${shared}/settings.json`, JSON.stringify(settings));
}

function makeAccess(dir: string, sshdConfig: string): NodeAccess {
  const identityFile = `${dir}/client_key`;
  runProgram('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'lab', '-f', identityFile]);
  const password = `lab-${randomBytes(6).toString('hex')}`;
  const passwordHash = runProgram('openssl', ['passwd', '-6', password]).trim();
  return { identityFile, password, passwordHash, sshdConfig };
}
