import { describe, expect, test } from 'vitest';
import { capture } from '../../src/transport/capture.ts';
import { openLocalShell } from '../../src/transport/local-shell.ts';
import { sudoShell } from '../../src/transport/sudo-shell.ts';

/** Root may become root, as sudoers is installed; nobody may not. */
const PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

describe('a shell by sudo', () => {
  test('runs every command through sudo, and hands over its arguments, streams and status as they are', async () => {
    await using shell = await sudoShell(openLocalShell({ environment: { PATH } }), { username: 'root' });
    const script = 'cat; echo "$SUDO_COMMAND" >&2; printf "%s|" "$@"; exit 7';
    const argv = ['sh', '-c', script, 'sh', "it's", '', '$(id)', '--'];
    const { stdout, stderr, exit } = await capture(shell, argv, { input: Buffer.from('in|') });
    expect(Buffer.from(stdout).toString()).toBe("in|it's||$(id)|--|");
    expect(stderr).toContain('/sh -c ');
    expect(exit).toEqual({ kind: 'status', status: 7 });
  });

  test('takes no argument of a command for one of its own', async () => {
    await using shell = await sudoShell(openLocalShell({ environment: { PATH } }), { username: 'root' });
    const { exit, stderr } = await capture(shell, ['-u', 'nobody', 'true']);
    expect(exit).toEqual({ kind: 'status', status: 1 });
    expect(stderr).toContain('sudo: -u: command not found');
  });

  test('refuses the empty command', async () => {
    await using shell = await sudoShell(openLocalShell({ environment: { PATH } }), { username: 'root' });
    await expect(shell.run([])).rejects.toMatchObject({ code: 'command-failed' });
  });

  test.each([
    ['backup', '"backup ALL=(root) NOPASSWD: ALL"'],
    ['back up@corp', '""back up@corp" ALL=(root) NOPASSWD: ALL"'],
  ])('that is not there says how %s comes to it, and closes the connection', async (username, line) => {
    const inner = openLocalShell({ environment: { PATH: '/nowhere' } });
    await expect(sudoShell(inner, { username })).rejects.toMatchObject({
      code: 'login-refused',
      message: `${username} may not become root on this machine: sudo is not there`,
      hint: expect.stringContaining(
        `apt-get install sudo, then visudo -f /etc/sudoers.d/pvebak with the line ${line}`,
      ),
    });
    await expect(inner.run(['true'])).rejects.toThrow('the shell was closed');
  });
});
