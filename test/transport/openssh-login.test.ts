import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { capture } from '../../src/transport/capture.ts';
import type { OpensshShellOptions } from '../../src/transport/openssh-options.ts';
import { openOpensshShell } from '../../src/transport/openssh-shell.ts';
import { opensshOptions } from './openssh-options-for.ts';
import { startAgent } from './ssh-agent.ts';
import { makeKey, startSshd, type TestSshd } from './sshd.ts';

let sshd: TestSshd;
let directory: string;
let temporary: string;
beforeAll(async () => {
  directory = mkdtempSync('/tmp/pvebak-keys-');
  temporary = mkdtempSync('/tmp/pvebak-openssh-');
  sshd = await startSshd();
});
afterAll(async () => {
  await sshd[Symbol.asyncDispose]();
  expect(readdirSync(temporary)).toEqual([]);
  rmSync(directory, { recursive: true, force: true });
  rmSync(temporary, { recursive: true, force: true });
});

function options(changes: Partial<OpensshShellOptions> = {}): OpensshShellOptions {
  return opensshOptions(sshd, temporary, changes);
}

async function works(changes: Partial<OpensshShellOptions>): Promise<void> {
  await using shell = await openOpensshShell(options(changes));
  expect((await capture(shell, ['true'])).exit).toEqual({ kind: 'status', status: 0 });
}

function sealedKey(passphrase: string): string {
  const file = join(directory, `sealed-${passphrase.length}`);
  const script = 'cp "$1" "$0" && ssh-keygen -q -p -P "" -N "$2" -f "$0"';
  execFileSync('sh', ['-c', script, file, sshd.identityFile, passphrase]);
  return file;
}

describe('login', () => {
  test('by agent', async () => {
    await using agent = await startAgent(join(directory, 'agent'), sshd.identityFile);
    await works({ login: { kind: 'agent', socket: agent.socket } });
  });

  test('by the agent of the environment, where nothing is said', async () => {
    await using agent = await startAgent(join(directory, 'agent'), sshd.identityFile);
    const environment = { PATH: process.env['PATH'], SSH_AUTH_SOCK: agent.socket };
    await works({ login: { kind: 'configured' }, environment });
  });

  test.for([
    ['a passphrase', 'secret'],
    ['an awkward one', ` it's "$HOME" \\n %s ü `],
  ] as const)('with an encrypted key and %s', async ([, passphrase]) => {
    const file = sealedKey(passphrase);
    await works({ login: { kind: 'identity', file, passphrase } });
    const wrong = openOpensshShell(options({ login: { kind: 'identity', file, passphrase: 'wrong' } }));
    await expect(wrong).rejects.toMatchObject({
      code: 'login-refused',
      message: `the passphrase does not open the identity ${file}`,
    });
  });

  test('with an encrypted key and no passphrase asks nobody', async () => {
    const opening = openOpensshShell(options({ login: { kind: 'identity', file: sealedKey('unsaid') } }));
    await expect(opening).rejects.toMatchObject({ code: 'login-refused', hint: /passphrase/ });
  });

  test('with a key that the server does not know names what it takes', async () => {
    const file = makeKey(directory, 'stranger', 'ed25519');
    await expect(openOpensshShell(options({ login: { kind: 'identity', file } }))).rejects.toMatchObject({
      code: 'login-refused',
      message: /refused the login: .*Permission denied \(publickey\)$/,
    });
  });

  test('with a file that is not there names it', async () => {
    const file = join(directory, 'no-such-key');
    await expect(openOpensshShell(options({ login: { kind: 'identity', file } }))).rejects.toMatchObject({
      code: 'login-refused',
      message: expect.stringContaining(file),
    });
  });

  test('with a password of two lines is refused', async () => {
    const opening = openOpensshShell(options({ login: { kind: 'password', password: 'a\nb' } }));
    await expect(opening).rejects.toMatchObject({ code: 'login-refused', hint: /ssh2/ });
  });

  describe.runIf(process.getuid?.() === 0)('by password', () => {
    const password = ` correct "horse" $HOME '\\ü`;
    let server: TestSshd;
    beforeAll(async () => {
      server = await startSshd({ rootPassword: password });
    });
    afterAll(() => server[Symbol.asyncDispose]());
    const to = (secret: string) =>
      opensshOptions(server, temporary, { username: 'root', login: { kind: 'password', password: secret } });

    test('gets in when it is right', async () => {
      await using shell = await openOpensshShell(to(password));
      expect((await capture(shell, ['true'])).exit).toEqual({ kind: 'status', status: 0 });
    });

    test('is refused when it is wrong', async () => {
      await expect(openOpensshShell(to('battery'))).rejects.toMatchObject({
        code: 'login-refused',
        message: /Permission denied .*password/,
        hint: /conn_password/,
      });
    });

    test('gives it to the host alone and not to one on the way', async () => {
      const config = join(directory, 'jump-config');
      const hop = [`Host hop`, `HostName 127.0.0.1`, `Port ${server.port}`, 'User root'];
      const known = ['UserKnownHostsFile /dev/null', 'PubkeyAuthentication no', 'StrictHostKeyChecking no'];
      writeFileSync(config, [...hop, ...known, 'Host 127.0.0.1', 'ProxyJump hop', ''].join('\n'));
      const opening = openOpensshShell({ ...to(password), configFile: config });
      await expect(opening).rejects.toMatchObject({
        code: 'login-refused',
        message: /refused the login: root@127.0.0.1: Permission denied/,
        hint: /A jump host is never given it/,
      });
    });
  });
});

describe('the user’s configuration', () => {
  let node: TestSshd;
  beforeAll(async () => {
    node = await startSshd();
  });
  afterAll(() => node[Symbol.asyncDispose]());

  /** `hop` is one server, `node` another that is reached through it. */
  function configured(hop: TestSshd, extra: readonly string[] = []): OpensshShellOptions {
    const known = join(directory, 'known_hosts');
    writeFileSync(
      known,
      [hop, node].map(({ port, publicHostKeys: [key] }) => `[127.0.0.1]:${port} ${key}\n`).join(''),
    );
    const config = join(directory, 'ssh config');
    const host = (name: string, { port, identityFile, username }: TestSshd, more: readonly string[]) => [
      `Host ${name}`,
      ...['HostName 127.0.0.1', `Port ${port}`, `User ${username}`, `IdentityFile ${identityFile}`],
      ...more,
    ];
    const lines = [
      ...host('hop', hop, []),
      ...host('node', node, ['ProxyJump hop', ...extra]),
      ...['Host *', `UserKnownHostsFile ${known}`, ''],
    ];
    writeFileSync(config, lines.join('\n'));
    return {
      addresses: [{ host: 'node' }],
      login: { kind: 'configured' },
      knownHosts: { kind: 'configured' },
      environment: { PATH: process.env['PATH'] },
      configFile: config,
      temporaryDirectory: temporary,
    };
  }

  test('says what an alias means, and the way to it', async () => {
    await using shell = await openOpensshShell(configured(sshd));
    expect(shell.where).toBe('node');
    const { stdout } = await capture(shell, ['sh', '-c', 'echo "$SSH_CONNECTION"']);
    expect(Buffer.from(stdout).toString().trim().split(' ')[3]).toBe(`${node.port}`);
  });

  test('may ask for what a terminal session wants, which is left out', async () => {
    const extra = ['RequestTTY force', 'RemoteCommand top', 'LocalForward 1 127.0.0.1:1', 'LogLevel DEBUG'];
    await using shell = await openOpensshShell(configured(sshd, extra));
    const { stdout, stderr } = await capture(shell, ['echo', 'plain']);
    expect([Buffer.from(stdout).toString(), stderr]).toEqual(['plain\n', '']);
  });

  test('chooses the cipher, else it is one that is fast', async () => {
    expect(await cipher(configured(sshd))).toBe('aes128-gcm@openssh.com');
    expect(await cipher(configured(sshd, ['Ciphers aes256-ctr']))).toBe('aes256-ctr');
  });

  test('has its jump refused with the reason', async () => {
    await using closed = await startSshd({ config: ['AllowTcpForwarding no'] });
    await expect(openOpensshShell(configured(closed))).rejects.toMatchObject({
      code: 'host-unreachable',
      message: 'cannot reach node: the jump host lets no connection through (AllowTcpForwarding)',
    });
  });

  test('does not vouch for a jump host that nobody knows', async () => {
    const way = configured(sshd);
    writeFileSync(join(directory, 'known_hosts'), `[127.0.0.1]:${node.port} ${node.publicHostKeys[0]}\n`);
    await expect(openOpensshShell(way)).rejects.toMatchObject({
      code: 'host-key',
      message: 'ssh does not trust a host key on the way to node',
      hint: expect.stringContaining('Host key verification failed'),
    });
  });
});

/** What the client chose, as it says itself when it is asked to talk. */
async function cipher(options: OpensshShellOptions): Promise<string | undefined> {
  const refused = { ...options, options: ['LogLevel=DEBUG1'], username: 'nobody-at-all' };
  const error: unknown = await openOpensshShell(refused).catch((reason: unknown) => reason);
  return /server->client cipher: (\S+)/.exec(String(error))?.[1];
}
