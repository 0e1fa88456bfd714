/**
 * A node as a set of namespaces: own host name, own processes, own /etc, /var/lib, /var/tmp and /run, with an OpenSSH server as
 * first process. When that ends, everything that was started in the node ends with it, and no mount is left.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { OWN_FOLDER } from './cluster-files.ts';
import { runProgram } from './run-program.ts';
import { SHARED } from './stand-ins/lab-state.ts';

export interface NodeFolders {
  /** Of the lab: `pve`, `shared`. */
  readonly lab: string;
  /** Of the node: `etc`, `var-lib`, `var-tmp`, `run`. */
  readonly node: string;
}

/** Node path → the part of the lab behind it, in the order in which they are mounted. */
const MOUNTS: readonly (readonly [string, (folders: NodeFolders, name: string) => string])[] = [
  ['/etc', ({ node }) => `${node}/etc`],
  ['/etc/pve', ({ lab }) => `${lab}/pve`],
  ['/var/lib', ({ node }) => `${node}/var-lib`],
  ['/var/tmp', ({ node }) => `${node}/var-tmp`],
  ['/run', ({ node }) => `${node}/run`],
  [SHARED, ({ lab }) => `${lab}/shared`],
  [OWN_FOLDER, ({ lab }, name) => `${lab}/pve/nodes/${name}`],
];

export function makeNodeFolders({ node }: NodeFolders, passwordHash: string): void {
  mkdirSync(node, { recursive: true });
  runProgram('cp', ['-a', '/etc', `${node}/etc`]);
  const folders = [
    'etc/pve',
    'var-tmp',
    'run/sshd',
    'run/lock',
    'run/lab',
    'run/pve-node',
    'var-lib/lxc',
    'var-lib/root',
  ];
  const storages = ['vz/dump', 'vz/images', 'fast/images', 'vz-backup2/dump', 'isoonly', 'p2only'];
  for (const folder of [...folders, ...storages.map((path) => `var-lib/${path}`)])
    mkdirSync(`${node}/${folder}`, { recursive: true });
  setRoot(`${node}/etc/passwd`, 'root:x:0:0:root:/var/lib/root:/bin/bash');
  setRoot(`${node}/etc/shadow`, `root:${passwordHash}:20000:0:99999:7:::`);
}

/** The path on this machine behind a path of the node; undefined when the node sees the same file as everybody. */
export function hostPath(path: string, folders: NodeFolders, name: string): string | undefined {
  const linked = path
    .replace(/^\/var\/run(?=\/|$)/, '/run')
    .replace(/^\/etc\/pve\/(?=(?:qemu-server|lxc)\/)/, `/etc/pve/nodes/${name}/`)
    .replace(/^\/etc\/pve\/local(?=\/|$)/, `/etc/pve/nodes/${name}`);
  const found = MOUNTS.findLast(([point]) => linked === point || linked.startsWith(`${point}/`));
  return found === undefined ? undefined : found[1](folders, name) + linked.slice(found[0].length);
}

export interface RunningNamespace {
  /** As this machine counts: of the first process in the node. */
  readonly pid: number;
  readonly stop: () => Promise<void>;
}

/** @param sshdConfig the server's whole configuration file; @param port where it will listen */
export async function startNamespace(
  name: string,
  folders: NodeFolders,
  port: number,
): Promise<RunningNamespace> {
  const log = openSync(`${folders.node}/sshd.log`, 'a');
  writeFileSync(`${folders.node}/start`, startScript(name, folders));
  const child = spawn(
    'setpriv',
    [
      '--pdeathsig',
      'KILL',
      'unshare',
      '--mount',
      '--uts',
      '--pid',
      '--fork',
      '--kill-child',
      '/bin/bash',
      `${folders.node}/start`,
    ],
    {
      stdio: ['ignore', log, log],
      env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8' },
    },
  );
  closeSync(log);
  await listening(port, child, `${folders.node}/sshd.log`);
  const pid = Number(readFileSync(`${folders.node}/pid`, 'utf8'));
  return { pid, stop: () => end(child) };
}

/** While the old /proc is still there, it tells the pid that this machine knows the first process by. */
function startScript(name: string, folders: NodeFolders): string {
  const mounts = MOUNTS.map(([point, source]) => `mount --bind '${source(folders, name)}' '${point}'`);
  return [
    'set -eu',
    `read -r pid _ < /proc/self/stat; echo "$pid" > '${folders.node}/pid'`,
    'mount -t proc proc /proc',
    `hostname '${name}'`,
    ...mounts,
    `exec /usr/sbin/sshd -D -e -f '${folders.node}/sshd_config'`,
    '',
  ].join('\n');
}

function setRoot(file: string, line: string): void {
  const others = existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .filter((each) => !each.startsWith('root:'))
    : [];
  writeFileSync(file, [line, ...others].join('\n'));
}

async function listening(port: number, child: ChildProcess, log: string): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    if (child.exitCode !== null) throw new Error(`the node did not start: ${readFileSync(log, 'utf8')}`);
    if (await answers(port)) return;
    await sleep(10);
  }
  throw new Error(`no SSH server on port ${port}: ${readFileSync(log, 'utf8')}`);
}

function answers(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(port, '127.0.0.1');
  socket.once('data', () => done(true)).once('error', () => done(false));
  function done(answer: boolean): void {
    socket.destroy();
    resolve(answer);
  }
  return promise;
}

function end(child: ChildProcess): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  child.once('exit', () => resolve());
  child.kill('SIGKILL');
  return promise;
}
