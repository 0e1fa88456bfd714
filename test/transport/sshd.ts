import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A real OpenSSH server on a loopback port, with keys of its own in a folder of its own. */
export interface TestSshd extends AsyncDisposable {
  readonly port: number;
  readonly username: string;
  readonly directory: string;
  /** The text of a private key that may log in, and its file. */
  readonly identity: string;
  readonly identityFile: string;
  /** Fingerprints by key type: `ed25519`, `rsa`, `ecdsa`. */
  readonly fingerprints: Readonly<Record<string, string>>;
  /** Lines for a known_hosts file, without the host's name: `ssh-ed25519 AAAA...`. */
  readonly publicHostKeys: readonly string[];
  /** Kills the server's process for each connection, the listener stays. */
  cutConnections(): void;
  /** Stops them, so that connections stand and nobody answers; they can still be cut. */
  silenceConnections(): void;
}

export interface SshdOptions {
  readonly hostKeyTypes?: readonly string[];
  /** Lets root in by this password; done with a copy of /etc/shadow in a mount namespace of the server's own. */
  readonly rootPassword?: string;
  /** More lines for sshd_config; the first value of a keyword counts. */
  readonly config?: readonly string[];
}

export async function startSshd({
  hostKeyTypes = ['ed25519'],
  rootPassword,
  config: more = [],
}: SshdOptions = {}): Promise<TestSshd> {
  const directory = mkdtempSync('/tmp/pvebak-sshd-');
  const port = await freePort();
  const identityFile = makeKey(directory, 'identity', 'ed25519');
  writeFileSync(join(directory, 'authorized_keys'), readFileSync(`${identityFile}.pub`));
  const hostKeys = hostKeyTypes.map((type) => makeKey(directory, `host_${type}`, type));
  const config = join(directory, 'sshd_config');
  writeFileSync(
    config,
    sshdConfig({ directory, port, hostKeys, password: rootPassword !== undefined, more }),
  );
  const server = launch(directory, config, rootPassword);
  await untilListening(port, server);
  return {
    port,
    directory,
    username: userInfo().username,
    identity: readFileSync(identityFile, 'utf8'),
    identityFile,
    fingerprints: Object.fromEntries(
      hostKeyTypes.map((type, index) => [type, fingerprint(hostKeys[index] ?? '')]),
    ),
    publicHostKeys: hostKeys.map((file) =>
      readFileSync(`${file}.pub`, 'utf8').split(' ').slice(0, 2).join(' '),
    ),
    cutConnections() {
      for (const pid of childrenOf(server.pid ?? 0)) kill(pid);
    },
    silenceConnections() {
      for (const pid of childrenOf(server.pid ?? 0)) process.kill(pid, 'SIGSTOP');
    },
    async [Symbol.asyncDispose]() {
      const children = childrenOf(server.pid ?? 0);
      server.kill('SIGKILL');
      for (const pid of children) kill(pid);
      if (server.exitCode === null && server.signalCode === null) await once(server, 'exit');
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

export function makeKey(directory: string, name: string, type: string, passphrase = ''): string {
  const file = join(directory, name);
  execFileSync('ssh-keygen', [
    '-q',
    '-t',
    type,
    ...(type === 'rsa' ? ['-b', '2048'] : []),
    '-N',
    passphrase,
    '-f',
    file,
  ]);
  return file;
}

export async function freePort(): Promise<number> {
  const { server, port } = await listen();
  server.close();
  await once(server, 'close');
  return port;
}

/** A port that accepts connections and never says a word. */
export async function silentPort(): Promise<{ readonly port: number } & AsyncDisposable> {
  const { server, port } = await listen();
  const sockets = new Set<{ destroy(): void }>();
  server.on('connection', (socket) => sockets.add(socket));
  return {
    port,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

async function listen(): Promise<{ server: Server; port: number }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { server, port: address.port };
}

interface Config {
  readonly directory: string;
  readonly port: number;
  readonly hostKeys: readonly string[];
  readonly password: boolean;
  readonly more: readonly string[];
}

function sshdConfig({ directory, port, hostKeys, password, more }: Config): string {
  return [
    ...more,
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    ...hostKeys.map((file) => `HostKey ${file}`),
    `AuthorizedKeysFile ${join(directory, 'authorized_keys')}`,
    `PidFile ${join(directory, 'pid')}`,
    `PasswordAuthentication ${password ? 'yes' : 'no'}`,
    'KbdInteractiveAuthentication no',
    'PermitRootLogin yes',
    'StrictModes no',
    'UsePAM no',
    'UseDNS no',
    'PrintMotd no',
    'MaxStartups 100',
    '',
  ].join('\n');
}

function launch(directory: string, config: string, rootPassword: string | undefined): ChildProcess {
  execFileSync('mkdir', ['-p', '/run/sshd']);
  const argv = ['/usr/sbin/sshd', '-D', '-f', config, '-E', join(directory, 'log')];
  if (rootPassword === undefined) return spawn('/usr/sbin/sshd', argv.slice(1), { stdio: 'ignore' });
  const hash = execFileSync('openssl', ['passwd', '-6', rootPassword], { encoding: 'utf8' }).trim();
  const shadow = join(directory, 'shadow');
  writeFileSync(shadow, readFileSync('/etc/shadow', 'utf8').replace(/^root:[^:]*/m, `root:${hash}`), {
    mode: 0o600,
  });
  const script = 'mount --bind "$1" /etc/shadow && shift && exec "$@"';
  return spawn('unshare', ['--mount', 'sh', '-c', script, 'sh', shadow, ...argv], { stdio: 'ignore' });
}

async function untilListening(port: number, server: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (server.exitCode !== null) throw new Error(`sshd ended with ${server.exitCode}`);
    const socket = connect(port, '127.0.0.1');
    const connected = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'close').then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (connected) return;
    await sleep(25);
  }
  throw new Error(`sshd does not listen on port ${port}`);
}

function fingerprint(file: string): string {
  const [, text = ''] = execFileSync('ssh-keygen', ['-l', '-f', `${file}.pub`], { encoding: 'utf8' }).split(
    ' ',
  );
  return text;
}

function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return text === '' ? [] : text.split(' ').map(Number);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Already gone.
  }
}
