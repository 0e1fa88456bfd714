/** One node of a lab: where its SSH server listens, who may log in, and a way to run commands on it without SSH. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { makeLaunchers } from './launchers.ts';
import {
  hostPath,
  makeNodeFolders,
  type NodeFolders,
  type RunningNamespace,
  startNamespace,
} from './node-namespace.ts';
import { type Finished, finish, runProgram } from './run-program.ts';
import type { Fault } from './stand-ins/lab-state.ts';

export interface NodeAccess {
  /** Private key of the client, for user root. */
  readonly identityFile: string;
  readonly password: string;
  readonly passwordHash: string;
  /** Further lines for the server's configuration. */
  readonly sshdConfig: string;
}

export class LabNode {
  readonly name: string;
  readonly host = '127.0.0.1';
  readonly username = 'root';
  readonly port: number;
  readonly identityFile: string;
  readonly password: string;
  /** `SHA256:…` */
  readonly hostKeyFingerprint: string;
  /** For a known_hosts file. */
  readonly knownHostsLine: string;
  /** The folder with the node's stand-ins, first in its PATH. */
  readonly bin: string;
  readonly #folders: NodeFolders;
  #running: RunningNamespace | undefined;

  private constructor(
    name: string,
    folders: NodeFolders,
    { port, access }: { port: number; access: NodeAccess },
  ) {
    const [type = '', key = ''] = readFileSync(`${folders.node}/host_key.pub`, 'utf8').split(' ');
    this.name = name;
    this.port = port;
    this.identityFile = access.identityFile;
    this.password = access.password;
    this.hostKeyFingerprint = fingerprint(key);
    this.knownHostsLine = `[127.0.0.1]:${port} ${type} ${key}`;
    this.bin = `${folders.node}/bin`;
    this.#folders = folders;
  }

  static async start(name: string, lab: string, access: NodeAccess): Promise<LabNode> {
    const folders: NodeFolders = { lab, node: `${lab}/nodes/${name}` };
    makeNodeFolders(folders, access.passwordHash);
    makeLaunchers(`${folders.node}/bin`, `${lab}/compiled`);
    runProgram('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', `${folders.node}/host_key`]);
    const port = await freePort();
    const node = new LabNode(name, folders, { port, access });
    writeFileSync(`${folders.node}/sshd_config`, sshdConfig(node, access));
    await node.start();
    return node;
  }

  /** Turns the node on, on the same port as before. */
  async start(): Promise<void> {
    this.#running = await startNamespace(this.name, this.#folders, this.port);
    writeFileSync(`${this.#folders.lab}/shared/online/${this.name}`, '');
  }

  /** Turns the node off: its processes end at once, its files stay. */
  async stop(): Promise<void> {
    rmSync(`${this.#folders.lab}/shared/online/${this.name}`, { force: true });
    await this.#running?.stop();
    this.#running = undefined;
  }

  /** Runs a line of bash on the node. */
  exec(command: string, input?: Uint8Array | string): Promise<Finished> {
    const [program, ...args] = this.#entering(command);
    return finish(program, args, { env: this.#environment(), ...(input === undefined ? {} : { input }) });
  }

  /** The same, with the streams in the caller's hands. */
  spawn(command: string): ChildProcessByStdio<Writable, Readable, Readable> {
    const [program, ...args] = this.#entering(command);
    return spawn(program, args, { env: this.#environment(), stdio: ['pipe', 'pipe', 'pipe'] });
  }

  /** Where this machine has the file that the node sees at a path. */
  path(path: string): string {
    return hostPath(path, this.#folders, this.name) ?? path;
  }

  /** The next dump on this node goes wrong in that way; further orders are for the dumps after it. */
  orderFault(fault: Fault): void {
    const folder = `${this.#folders.lab}/shared/faults/${this.name}`;
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${folder}/${String(process.hrtime.bigint()).padStart(20, '0')}`, JSON.stringify(fault));
  }

  /** From now on the node does not have the tool. */
  async removeTool(tool: string): Promise<void> {
    if (existsSync(`${this.bin}/${tool}`)) return rmSync(`${this.bin}/${tool}`);
    await this.exec(`for f in $(type -ap ${tool}); do mount --bind /dev/null "$f"; done`);
  }

  #entering(command: string): readonly [string, ...string[]] {
    if (this.#running === undefined) throw new Error(`node ${this.name} is off`);
    return [
      'nsenter',
      '--target',
      String(this.#running.pid),
      '--mount',
      '--uts',
      '--pid',
      '--',
      '/bin/bash',
      '-c',
      command,
    ];
  }

  #environment(): NodeJS.ProcessEnv {
    return { PATH: pathOf(this.bin), HOME: '/var/lib/root', LANG: 'C.UTF-8', USER: 'root' };
  }
}

function pathOf(bin: string): string {
  return `${bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`;
}

function sshdConfig(node: LabNode, access: NodeAccess): string {
  return [
    'ListenAddress 127.0.0.1',
    `Port ${node.port}`,
    `HostKey ${node.bin.replace(/bin$/, 'host_key')}`,
    `AuthorizedKeysFile ${access.identityFile}.pub`,
    'PermitRootLogin yes',
    'PasswordAuthentication yes',
    'KbdInteractiveAuthentication no',
    'UsePAM no',
    'UseDNS no',
    'StrictModes no',
    'PidFile none',
    'PrintMotd no',
    'PrintLastLog no',
    'MaxSessions 50',
    'MaxStartups 200',
    'MaxAuthTries 20',
    'Subsystem sftp internal-sftp',
    `SetEnv PATH=${pathOf(node.bin)}`,
    access.sshdConfig,
    '',
  ].join('\n');
}

function fingerprint(key: string): string {
  return `SHA256:${createHash('sha256').update(Buffer.from(key, 'base64')).digest('base64').replace(/=+$/, '')}`;
}

function freePort(): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const server = createServer().once('error', reject);
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    server.close(() => resolve(port));
  });
  return promise;
}
