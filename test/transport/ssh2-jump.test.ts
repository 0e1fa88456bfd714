import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { capture } from '../../src/transport/capture.ts';
import { hostKeyVerifier } from '../../src/transport/host-key.ts';
import { openSsh2Shell, type Ssh2Shell, type Ssh2ShellOptions } from '../../src/transport/ssh2-shell.ts';
import { describeShell } from './shell-contract.ts';
import { freePort, silentPort, startSshd, type TestSshd } from './sshd.ts';

let entry: TestSshd;
let node: TestSshd;
let shell: Ssh2Shell;
beforeAll(async () => {
  entry = await startSshd();
  node = await startSshd({ hostKeyTypes: ['ed25519', 'rsa'] });
  shell = await openSsh2Shell(to(entry));
});
afterAll(async () => {
  await shell[Symbol.asyncDispose]();
  await entry[Symbol.asyncDispose]();
  await node[Symbol.asyncDispose]();
});

function to(sshd: TestSshd, changes: Partial<Ssh2ShellOptions> = {}): Ssh2ShellOptions {
  return {
    addresses: [{ host: '127.0.0.1', port: sshd.port }],
    username: sshd.username,
    login: { kind: 'identity', key: sshd.identity },
    ...hostKeyVerifier({ kind: 'fingerprints', sha256: [sshd.fingerprints['ed25519'] ?? ''] }),
    ...changes,
  };
}

describeShell('the ssh2 shell through another', () => shell.openThrough(to(node)));

describe('a jump', () => {
  test('ends at the other host, with its own key and login, and leaves the first open', async () => {
    await using far = await shell.openThrough(to(node));
    expect(far.where).toBe(`127.0.0.1:${node.port} through 127.0.0.1:${entry.port}`);
    const { stdout } = await capture(far, ['sh', '-c', 'echo "$SSH_CONNECTION"']);
    expect(Buffer.from(stdout).toString().trim().split(' ')[3]).toBe(`${node.port}`);
    await far[Symbol.asyncDispose]();
    expect((await capture(shell, ['true'])).exit).toEqual({ kind: 'status', status: 0 });
  });

  test('finds the key that is pinned among several', async () => {
    const pinned = hostKeyVerifier({ kind: 'fingerprints', sha256: [node.fingerprints['rsa'] ?? ''] });
    await using far = await shell.openThrough(to(node, pinned));
    expect((await capture(far, ['true'])).exit).toEqual({ kind: 'status', status: 0 });
  });

  test('refuses a host whose key is not the known one', async () => {
    const wrong = hostKeyVerifier({ kind: 'fingerprints', sha256: [entry.fingerprints['ed25519'] ?? ''] });
    await expect(shell.openThrough(to(node, wrong))).rejects.toMatchObject({
      code: 'host-key',
      message: `THE HOST KEY OF 127.0.0.1:${node.port} IS NOT THE KNOWN ONE`,
    });
  });

  test('goes on to a third host', async () => {
    await using second = await shell.openThrough(to(node));
    await using third = await second.openThrough(to(entry));
    expect((await capture(third, ['true'])).exit).toEqual({ kind: 'status', status: 0 });
  });

  test('tries the addresses in order, and names each with its reason', async () => {
    const closed = { host: '127.0.0.1', port: await freePort() };
    await using far = await shell.openThrough(
      to(node, { addresses: [closed, { host: '127.0.0.1', port: node.port }] }),
    );
    expect((await capture(far, ['true'])).exit).toEqual({ kind: 'status', status: 0 });
    await expect(shell.openThrough(to(node, { addresses: [closed] }))).rejects.toMatchObject({
      code: 'host-unreachable',
      message: `cannot reach 127.0.0.1:${closed.port} through 127.0.0.1:${entry.port}: 127.0.0.1:${entry.port} cannot reach it: Connection refused`,
    });
  });

  test('gives up a host that never says a word', async () => {
    await using silent = await silentPort();
    const addresses = [{ host: '127.0.0.1', port: silent.port }];
    const opening = shell.openThrough(to(node, { addresses, connectTimeoutMs: 300 }));
    await expect(opening).rejects.toMatchObject({
      code: 'host-unreachable',
      message: /no answer within 0\.3 s/,
    });
  });

  test('stops when the signal fires', async () => {
    await using silent = await silentPort();
    const addresses = [{ host: '127.0.0.1', port: silent.port }];
    const reason = new Error('never mind');
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 50);
    const opening = shell.openThrough(to(node, { addresses }), { signal: controller.signal });
    await expect(opening).rejects.toBe(reason);
  });

  test('says so where the host lets no connection through', async () => {
    await using closed = await startSshd({ config: ['AllowTcpForwarding no'] });
    await using first = await openSsh2Shell(to(closed));
    await expect(first.openThrough(to(node))).rejects.toMatchObject({
      code: 'host-unreachable',
      message: `127.0.0.1:${closed.port} lets no connection through to 127.0.0.1:${node.port}`,
      hint: expect.stringContaining('AllowTcpForwarding'),
    });
  });

  test('is lost when the first connection is', async () => {
    await using first = await openSsh2Shell(to(entry));
    await using far = await first.openThrough(to(node));
    const command = await far.run(['sleep', '30']);
    await first[Symbol.asyncDispose]();
    expect(await command.exit).toMatchObject({ kind: 'lost' });
    await expect(far.run(['true'])).rejects.toMatchObject({ code: 'host-unreachable' });
    await expect(first.openThrough(to(node))).rejects.toMatchObject({ code: 'host-unreachable' });
  });
});
