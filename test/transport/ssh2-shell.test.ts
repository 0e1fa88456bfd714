import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import ssh2 from 'ssh2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { capture } from '../../src/transport/capture.ts';
import { hostKeyFingerprint, hostKeyVerifier } from '../../src/transport/host-key.ts';
import { openSsh2Shell, type Ssh2ShellOptions } from '../../src/transport/ssh2-shell.ts';
import { describeShell, text } from './shell-contract.ts';
import { startAgent } from './ssh-agent.ts';
import { freePort, makeKey, silentPort, startSshd, type TestSshd } from './sshd.ts';

let sshd: TestSshd;
let directory: string;
beforeAll(async () => {
  directory = mkdtempSync('/tmp/pvebak-keys-');
  sshd = await startSshd({ hostKeyTypes: ['ed25519', 'rsa'] });
});
afterAll(async () => {
  await sshd[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

function options(changes: Partial<Ssh2ShellOptions> = {}): Ssh2ShellOptions {
  return {
    addresses: [{ host: '127.0.0.1', port: sshd.port }],
    username: sshd.username,
    login: { kind: 'identity', key: sshd.identity },
    ...pinned(sshd.fingerprints['ed25519'] ?? ''),
    ...changes,
  };
}

function pinned(...sha256: readonly string[]) {
  return hostKeyVerifier({ kind: 'fingerprints', sha256 });
}

function knownHosts(textOfFile: string) {
  return hostKeyVerifier({ kind: 'known-hosts', files: [{ file: 'known_hosts', text: textOfFile }] });
}

async function works(changes: Partial<Ssh2ShellOptions> = {}): Promise<void> {
  await using shell = await openSsh2Shell(options(changes));
  expect((await capture(shell, ['true'])).exit).toEqual({ kind: 'status', status: 0 });
}

describeShell('the ssh2 shell', () => openSsh2Shell(options()));

describe('a lost connection', () => {
  test('ends streams, writes and exit, and what is started later', async () => {
    await using shell = await openSsh2Shell(options());
    const command = await shell.run(['sh', '-c', 'echo begun; cat']);
    const chunks = command.stdout[Symbol.asyncIterator]();
    expect(String((await chunks.next()).value)).toBe('begun\n');
    sshd.cutConnections();
    await expect(chunks.next()).rejects.toMatchObject({
      code: 'host-unreachable',
      message: /connection to .* was lost/,
    });
    await expect(text(command.stderr)).rejects.toMatchObject({ code: 'host-unreachable' });
    expect(await command.exit).toMatchObject({ kind: 'lost' });
    await expect(command.stdin.write(Buffer.from('x'))).rejects.toMatchObject({ code: 'host-unreachable' });
    await expect(shell.run(['true'])).rejects.toMatchObject({ code: 'host-unreachable' });
  });

  test('is noticed in the middle of a stream', async () => {
    await using shell = await openSsh2Shell(options());
    const command = await shell.run(['cat', '/dev/zero']);
    let length = 0;
    const reading = (async () => {
      for await (const chunk of command.stdout) {
        length += chunk.length;
        if (length > 4_000_000) sshd.cutConnections();
      }
    })();
    await expect(reading).rejects.toMatchObject({ code: 'host-unreachable' });
    expect(await command.exit).toMatchObject({ kind: 'lost' });
  });

  test('is noticed by keepalive when the far side only falls silent', async () => {
    await using shell = await openSsh2Shell(options({ keepaliveMs: 100 }));
    const { stdout } = await capture(shell, ['sh', '-c', 'echo $PPID']);
    const session = Number(Buffer.from(stdout).toString());
    const command = await shell.run(['sleep', '30']);
    process.kill(session, 'SIGSTOP');
    const exit = await Promise.race([command.exit, sleep(5_000, 'nothing noticed')]);
    process.kill(session, 'SIGKILL');
    expect(exit).toMatchObject({ kind: 'lost', reason: /[Kk]eepalive/ });
  });
});

test('more commands at a time than sshd allows are refused, and the others go on', async () => {
  await using shell = await openSsh2Shell(options());
  const running = await Promise.all(Array.from({ length: 10 }, () => shell.run(['cat'])));
  await expect(shell.run(['true'])).rejects.toMatchObject({
    code: 'command-failed',
    hint: expect.stringContaining('MaxSessions'),
  });
  await Promise.all(running.map(({ stdin }) => stdin.end()));
  const exits = await Promise.all(running.map(({ exit }) => exit));
  expect(exits).toEqual(running.map(() => ({ kind: 'status', status: 0 })));
});

describe('addresses', () => {
  test('are tried in order until one answers', async () => {
    const closed = { host: '127.0.0.1', port: await freePort() };
    await works({ addresses: [closed, { host: '127.0.0.1', port: sshd.port }] });
  });

  test('that all fail are named with their reasons', async () => {
    const port = await freePort();
    await using silent = await silentPort();
    const addresses = [
      { host: '127.0.0.1', port },
      { host: '127.0.0.1', port: silent.port },
      { host: 'no-such-host.invalid', port: 22 },
    ];
    const opening = openSsh2Shell(options({ addresses, connectTimeoutMs: 300 }));
    await expect(opening).rejects.toMatchObject({ code: 'host-unreachable' });
    const message = String(await opening.catch((error: unknown) => error));
    expect(message).toContain(`127.0.0.1:${port}: connection refused`);
    expect(message).toContain(`127.0.0.1:${silent.port}: no answer within 0.3 s`);
    expect(message).toMatch(/no-such-host\.invalid:22: (its name is not known|no answer)/);
  });

  test('stop being tried when the signal fires', async () => {
    await using silent = await silentPort();
    const addresses = [{ host: '127.0.0.1', port: silent.port }];
    const reason = new Error('never mind');
    const controller = new AbortController();
    const opening = openSsh2Shell(options({ addresses }), { signal: controller.signal });
    setTimeout(() => controller.abort(reason), 50);
    await expect(opening).rejects.toBe(reason);
  });
});

describe('host keys', () => {
  test('that are not known are refused, with the line to write', async () => {
    await expect(openSsh2Shell(options(pinned()))).rejects.toMatchObject({
      code: 'host-key',
      message: `the host key of 127.0.0.1:${sshd.port} is not known: ssh-ed25519 ${sshd.fingerprints['ed25519']}`,
      hint: expect.stringContaining(`host_key: ${sshd.fingerprints['ed25519']}`),
    });
  });

  test('that are not the known ones are refused loudly, with the place of the known one', async () => {
    const other = `SHA256:${'A'.repeat(43)}`;
    await expect(openSsh2Shell(options(pinned(other)))).rejects.toMatchObject({
      code: 'host-key',
      message: `THE HOST KEY OF 127.0.0.1:${sshd.port} IS NOT THE KNOWN ONE`,
      hint: expect.stringContaining(`${other}  (host_key in the site file)`),
    });
  });

  test('are found whichever type is pinned', async () => {
    await works(pinned(sshd.fingerprints['rsa'] ?? ''));
  });

  test.for([0, 1])('are asked for by the type that known_hosts has: line %d', async (index) => {
    await works(knownHosts(`[127.0.0.1]:${sshd.port} ${sshd.publicHostKeys[index]}\n`));
  });

  test('are found by hashed names as ssh-keygen writes them', async () => {
    const file = join(directory, 'known_hosts');
    execFileSync('sh', [
      '-c',
      'echo "$1" >"$0" && ssh-keygen -q -H -f "$0"',
      file,
      `[127.0.0.1]:${sshd.port} ${sshd.publicHostKeys[0]}`,
    ]);
    await works(knownHosts(execFileSync('cat', [file], { encoding: 'utf8' })));
  });
});

describe('login', () => {
  test('by agent', async () => {
    await using agent = await startAgent(join(directory, 'agent'), sshd.identityFile);
    await works({ login: { kind: 'agent', socket: agent.socket } });
  });

  test('by an agent that is not there says so', async () => {
    const opening = openSsh2Shell(options({ login: { kind: 'agent', socket: '/nonexistent/agent' } }));
    await expect(opening).rejects.toMatchObject({
      code: 'login-refused',
      message: /the agent cannot be used/,
    });
  });

  test('with a key that the server does not know names what was tried and what it takes', async () => {
    const key = execFileSync('cat', [makeKey(directory, 'stranger', 'ed25519')], { encoding: 'utf8' });
    await expect(openSsh2Shell(options({ login: { kind: 'identity', key } }))).rejects.toMatchObject({
      code: 'login-refused',
      message: /refused the login of \w+: tried publickey; the server takes publickey$/,
    });
  });

  test('with an encrypted key and its passphrase', async () => {
    const file = join(directory, 'sealed');
    execFileSync('sh', [
      '-c',
      'cp "$1" "$0" && ssh-keygen -q -p -P "" -N secret -f "$0"',
      file,
      sshd.identityFile,
    ]);
    const key = execFileSync('cat', [file], { encoding: 'utf8' });
    await works({ login: { kind: 'identity', key, passphrase: 'secret' } });
    await expect(
      openSsh2Shell(options({ login: { kind: 'identity', key, passphrase: 'wrong' } })),
    ).rejects.toThrow('the passphrase does not open the identity');
    await expect(openSsh2Shell(options({ login: { kind: 'identity', key, file: '~/id' } }))).rejects.toThrow(
      'the identity ~/id is encrypted, and no passphrase is given',
    );
  });

  test.for([
    ['nonsense', /is no private key/],
    ['', /is no private key/],
    ['-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n', /is no private key/],
    [
      'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ me',
      /is a public key/,
    ],
  ] as const)('with the identity %j is refused before connecting', async ([key, message]) => {
    const opening = openSsh2Shell(options({ login: { kind: 'identity', key } }));
    await expect(opening).rejects.toMatchObject({ code: 'login-refused', message });
  });

  test.runIf(process.getuid?.() === 0)('by password, to OpenSSH', async () => {
    await using server = await startSshd({ rootPassword: 'correct horse' });
    const to = {
      addresses: [{ host: '127.0.0.1', port: server.port }],
      username: 'root',
      ...pinned(server.fingerprints['ed25519'] ?? ''),
    };
    await works({ ...to, login: { kind: 'password', password: 'correct horse' } });
    const wrong = openSsh2Shell(options({ ...to, login: { kind: 'password', password: 'battery' } }));
    await expect(wrong).rejects.toMatchObject({
      code: 'login-refused',
      message: /tried password; the server takes .*password/,
    });
  });

  test('by password, to a server that asks one hidden question', async () => {
    await using server = await startAsking('Password: ', 'staple');
    const to = { addresses: [{ host: '127.0.0.1', port: server.port }], ...pinned(server.fingerprint) };
    const shell = await openSsh2Shell(options({ ...to, login: { kind: 'password', password: 'staple' } }));
    await shell[Symbol.asyncDispose]();
    const wrong = openSsh2Shell(options({ ...to, login: { kind: 'password', password: 'no' } }));
    await expect(wrong).rejects.toMatchObject({ message: /tried password, then keyboard-interactive/ });
  });
});

/** A server that takes no password as such, only as the answer to a question. */
async function startAsking(prompt: string, answer: string) {
  const hostKey = execFileSync('cat', [makeKey(directory, `asking-${prompt.length}`, 'ed25519')]);
  const connections = new Set<ssh2.Connection>();
  const server = new ssh2.Server({ hostKeys: [hostKey] }, (client) => {
    connections.add(client);
    client.on('error', () => {});
    client.on('authentication', (context) => {
      if (context.method !== 'keyboard-interactive') return context.reject(['keyboard-interactive']);
      context.prompt([{ prompt, echo: false }], (answers) =>
        answers[0] === answer ? context.accept() : context.reject(['keyboard-interactive']),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const parsed = ssh2.utils.parseKey(hostKey);
  if (parsed instanceof Error) throw parsed;
  return {
    port: address.port,
    fingerprint: hostKeyFingerprint(parsed.getPublicSSH()),
    async [Symbol.asyncDispose]() {
      for (const connection of connections) connection.end();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
