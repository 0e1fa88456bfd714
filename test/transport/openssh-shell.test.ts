import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { capture } from '../../src/transport/capture.ts';
import type { OpensshShellOptions } from '../../src/transport/openssh-options.ts';
import { openOpensshShell } from '../../src/transport/openssh-shell.ts';
import { opensshOptions } from './openssh-options-for.ts';
import { processesWith } from './processes-with.ts';
import { describeShell, ofLongOutput, text } from './shell-contract.ts';
import { freePort, silentPort, startSshd, type TestSshd } from './sshd.ts';

let sshd: TestSshd;
let directory: string;
let temporary: string;
beforeAll(async () => {
  directory = mkdtempSync('/tmp/pvebak-keys-');
  temporary = mkdtempSync('/tmp/pvebak-openssh-');
  sshd = await startSshd({ hostKeyTypes: ['ed25519', 'rsa'] });
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

async function works(changes: Partial<OpensshShellOptions> = {}): Promise<void> {
  await using shell = await openOpensshShell(options(changes));
  expect((await capture(shell, ['true'])).exit).toEqual({ kind: 'status', status: 0 });
}

describeShell('the openssh shell', () => openOpensshShell(options()));
describeShell('the openssh shell with wide pipes', async () =>
  ofLongOutput(await openOpensshShell(options())),
);

describe('a lost connection', () => {
  test('ends streams, writes and exit, and what is started later', async () => {
    await using shell = await openOpensshShell(options());
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
    await using shell = await openOpensshShell(options());
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
    await using shell = await openOpensshShell(options({ keepaliveMs: 1_000 }));
    const command = await shell.run(['sleep', '30']);
    sshd.silenceConnections();
    const exit = await Promise.race([command.exit, sleep(10_000, 'nothing noticed')]);
    sshd.cutConnections();
    expect(exit).toMatchObject({ kind: 'lost', reason: /not responding/ });
  });

  test('is told apart from a client that somebody ended, which takes its own command only', async () => {
    await using shell = await openOpensshShell(options());
    const command = await shell.run(['sh', '-c', 'echo unmistakable-argument; sleep 30']);
    const [client] = processesWith('unmistakable-argument', 'ControlMaster=no');
    process.kill(client ?? 0, 'SIGTERM');
    expect(await command.exit).toMatchObject({ kind: 'lost', reason: /ssh ended/ });
    expect((await capture(shell, ['true'])).exit).toEqual({ kind: 'status', status: 0 });
  });
});

test('more commands at a time than sshd allows are refused, and the others go on', async () => {
  await using shell = await openOpensshShell(options());
  const running = await Promise.all(Array.from({ length: 10 }, () => shell.run(['cat'])));
  await expect(shell.run(['true'])).rejects.toMatchObject({
    code: 'command-failed',
    hint: expect.stringContaining('MaxSessions'),
  });
  await Promise.all(running.map(({ stdin }) => stdin.end()));
  const exits = await Promise.all(running.map(({ exit }) => exit));
  expect(exits).toEqual(running.map(() => ({ kind: 'status', status: 0 })));
});

test('a status above 128 is no signal where the command itself gave it', async () => {
  await using shell = await openOpensshShell(options());
  const { exit, stderr } = await capture(shell, ['sh', '-c', 'echo oh >&2; exit 137']);
  expect([exit, stderr]).toEqual([{ kind: 'status', status: 137 }, 'oh\n']);
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
    const opening = openOpensshShell(options({ addresses, connectTimeoutMs: 800 }));
    await expect(opening).rejects.toMatchObject({ code: 'host-unreachable' });
    const message = String(await opening.catch((error: unknown) => error));
    expect(message).toContain(`127.0.0.1:${port}: connection refused`);
    expect(message).toContain(`127.0.0.1:${silent.port}: no answer within 0.8 s`);
    expect(message).toMatch(/no-such-host\.invalid:22: (its name is not known|no answer)/);
  });

  test('stop being tried when the signal fires, and nothing is left', async () => {
    await using silent = await silentPort();
    const addresses = [{ host: '127.0.0.1', port: silent.port }];
    const reason = new Error('never mind');
    const controller = new AbortController();
    const opening = openOpensshShell(options({ addresses }), { signal: controller.signal });
    setTimeout(() => controller.abort(reason), 300);
    await expect(opening).rejects.toBe(reason);
    await expect.poll(() => processesWith(temporary), { timeout: 5_000 }).toEqual([]);
  });

  test('that look like an option are none', async () => {
    const mark = join(directory, 'mark');
    const opening = openOpensshShell(options({ addresses: [{ host: `-oProxyCommand=touch ${mark}` }] }));
    await expect(opening).rejects.toMatchObject({ name: 'UserError' });
    expect(existsSync(mark)).toBe(false);
  });
});

describe('host keys', () => {
  const pinned = (...sha256: string[]) => ({ knownHosts: { kind: 'fingerprints', sha256 } }) as const;
  const knownHosts = (...lines: string[]) => {
    const file = join(directory, 'known hosts');
    writeFileSync(file, lines.map((line) => `[127.0.0.1]:${sshd.port} ${line}\n`).join(''));
    return {
      knownHosts: { kind: 'known-hosts', files: [{ file, text: readFileSync(file, 'utf8') }] },
    } as const;
  };

  test('are trusted by any of several fingerprints', async () => {
    await works(pinned(`SHA256:${'A'.repeat(43)}`, sshd.fingerprints['ed25519'] ?? ''));
  });

  test('are found whichever type is pinned', async () => {
    await works(pinned(sshd.fingerprints['rsa'] ?? ''));
  });

  test('that are not pinned are refused loudly, with the pinned one beside', async () => {
    const other = `SHA256:${'A'.repeat(43)}`;
    await expect(openOpensshShell(options(pinned(other)))).rejects.toMatchObject({
      code: 'host-key',
      message: `THE HOST KEY OF 127.0.0.1:${sshd.port} IS NOT THE KNOWN ONE`,
      hint: expect.stringContaining(`${other}  (host_key in the site file)`),
    });
  });

  test('that nobody knows are refused, with the line to write', async () => {
    for (const known of [pinned(), knownHosts()]) {
      await expect(openOpensshShell(options(known))).rejects.toMatchObject({
        code: 'host-key',
        message: `the host key of 127.0.0.1:${sshd.port} is not known: ssh-ed25519 ${sshd.fingerprints['ed25519']}`,
        hint: expect.stringContaining(`host_key: ${sshd.fingerprints['ed25519']}`),
      });
    }
  });

  test.for(['SHA256:short', `MD5:${'A'.repeat(43)}`, `SHA256:${'A'.repeat(42)})`, '*'])(
    'cannot be pinned by %s',
    async (pin) => {
      await expect(openOpensshShell(options(pinned(pin)))).rejects.toMatchObject({ code: 'host-key' });
    },
  );

  test.for([0, 1])('are asked for by the type that known_hosts has: line %d', async (index) => {
    await works(knownHosts(sshd.publicHostKeys[index] ?? ''));
  });

  test('are found by hashed names as ssh-keygen writes them', async () => {
    const known = knownHosts(sshd.publicHostKeys[0] ?? '');
    const file = known.knownHosts.files[0].file;
    execFileSync('ssh-keygen', ['-q', '-H', '-f', file], { stdio: 'ignore' });
    expect(readFileSync(file, 'utf8')).toMatch(/^\|1\|/);
    await works(known);
  });

  test('that have changed are refused loudly, with the place of the known one', async () => {
    await using other = await startSshd();
    await expect(openOpensshShell(options(knownHosts(other.publicHostKeys[0] ?? '')))).rejects.toMatchObject({
      code: 'host-key',
      message: `THE HOST KEY OF 127.0.0.1:${sshd.port} IS NOT THE KNOWN ONE`,
      hint: expect.stringMatching(
        `${other.fingerprints['ed25519']?.replaceAll('+', '\\+')}  .*known hosts:1`,
      ),
    });
  });

  test('that the client’s own configuration does not know are refused in its words', async () => {
    const knownNone = ['UserKnownHostsFile=/dev/null', 'GlobalKnownHostsFile=/dev/null'];
    const opening = openOpensshShell(options({ knownHosts: { kind: 'configured' }, options: knownNone }));
    await expect(opening).rejects.toMatchObject({
      code: 'host-key',
      message: `ssh does not trust a host key on the way to 127.0.0.1:${sshd.port}`,
      hint: expect.stringContaining('No ED25519 host key is known'),
    });
  });

  test('cannot be waved through by an option', async () => {
    const opening = openOpensshShell(options({ ...pinned(), options: ['StrictHostKeyChecking=no'] }));
    await expect(opening).rejects.toMatchObject({ code: 'host-key' });
  });
});

test.for([
  [{ program: '/nonexistent/ssh' }, 'there is no /nonexistent/ssh on this machine'],
  [{ options: ['NoSuchOption=1'] }, /ssh does not take its configuration: .*nosuchoption/i],
] as const)('what keeps the client from starting is said: %j', async ([changes, message]) => {
  await expect(openOpensshShell(options(changes))).rejects.toMatchObject({ code: 'command-failed', message });
});
