import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { chmod, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { UserError } from '../user-error.ts';
import { quotePath } from './openssh-arguments.ts';
import { askpassScript } from './openssh-askpass.ts';
import { knownHostsScript } from './openssh-known-hosts.ts';
import { askedSecret, type OpensshShellOptions } from './openssh-options.ts';

/** A folder that only this user may enter, for one connection. `openssh-supervisor.ts` removes it. */
export interface OpensshFolder {
  readonly path: string;
  /** For the connection's client: the user's configuration, and weaker than it what this adapter prefers. */
  readonly config: string;
  /** Appears when the login is done. */
  readonly socket: string;
  readonly knownHostsScript: string;
  readonly askpass: string;
  /** Takes back what is left of the secret. */
  readonly forgetSecret: () => Promise<void>;
}

/** ssh binds the socket under a name 17 characters longer, and a socket's path has 103 at most. */
const longestBase = 50;
/** The password once as such and once as the answer to a question. */
const answers = 2;

export async function makeOpensshFolder(options: OpensshShellOptions): Promise<OpensshFolder> {
  const base = options.temporaryDirectory ?? tmpdir();
  const path = await mkdtemp(join(base.length > longestBase ? '/tmp' : base, 'pvebak-ssh-'));
  try {
    const script = join(path, 'known-hosts');
    await writeFile(script, knownHostsScript(options.knownHosts));
    const config = join(path, 'config');
    await writeFile(config, configText(options));
    return {
      path,
      config,
      socket: join(path, 's'),
      knownHostsScript: script,
      askpass: join(path, 'askpass'),
      forgetSecret: await keepSecret(path, askedSecret(options.login), options),
    };
  } catch (error) {
    await rm(path, { recursive: true, force: true });
    throw error;
  }
}

/**
 * GCM takes a third of the processor time of ssh's own first choice, chacha20-poly1305. ssh includes the files that are
 * there and keeps the first value it sees (ssh_config(5), Include); `~` is the home that ssh itself finds.
 */
function configText({ configFile }: OpensshShellOptions): string {
  const files =
    configFile === undefined ? ['~/.ssh/config', '/etc/ssh/ssh_config'] : [quotePath(resolve(configFile))];
  const preferred = 'aes128-gcm@openssh.com,aes256-gcm@openssh.com';
  return [...files.map((file) => `Include ${file}`), 'Host *', `Ciphers ^${preferred}`, ''].join('\n');
}

/** The secret waits in a pipe: in no file, no argument and no environment, and gone with this process. */
async function keepSecret(
  path: string,
  secret: string | undefined,
  { environment }: Pick<OpensshShellOptions, 'environment'>,
): Promise<() => Promise<void>> {
  if (secret === undefined) return async () => {};
  if (/[\n\r\0]/.test(secret)) {
    throw new UserError(
      'login-refused',
      'the system’s ssh takes no password or passphrase of several lines',
      {
        hint: 'Set conn_client: ssh2, or use a key without passphrase or an agent.',
      },
    );
  }
  const askpass = join(path, 'askpass');
  await writeFile(askpass, askpassScript);
  await chmod(askpass, 0o700);
  const pipe = join(path, 'answer');
  await promisify(execFile)('mkfifo', ['-m', '600', pipe], { env: { ...environment } });
  const handle = await open(pipe, constants.O_RDWR | constants.O_NONBLOCK);
  await handle.write(`${secret}\n`.repeat(answers));
  return () => handle.close();
}
