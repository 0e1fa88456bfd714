import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { capture } from '../../src/transport/capture.ts';
import { openOpensshShell } from '../../src/transport/openssh-shell.ts';
import { opensshOptions } from './openssh-options-for.ts';
import { processesWith } from './processes-with.ts';
import { silentPort, startSshd, type TestSshd } from './sshd.ts';

let sshd: TestSshd;
let temporary: string;
beforeAll(async () => {
  temporary = mkdtempSync('/tmp/pvebak-openssh-');
  sshd = await startSshd();
});
afterAll(async () => {
  await sshd[Symbol.asyncDispose]();
  rmSync(temporary, { recursive: true, force: true });
});

/** Neither process nor file; the paths of both begin with the folder that this test alone uses. */
function leavings() {
  return { processes: processesWith(temporary), files: readdirSync(temporary) };
}

const nothing = { processes: [], files: [] };

test('while it is open there is a folder that nobody else may enter, and after dispose nothing is left', async () => {
  const shell = await openOpensshShell(opensshOptions(sshd, temporary));
  const command = await shell.run(['sleep', '30']);
  expect(leavings().files).toHaveLength(1);
  await shell[Symbol.asyncDispose]();
  expect(leavings().files).toEqual([]);
  expect(await command.exit).toMatchObject({ kind: 'lost' });
  await untilNothing();
  await shell[Symbol.asyncDispose]();
});

test('nothing is left after the server has cut the connection', async () => {
  await using shell = await openOpensshShell(opensshOptions(sshd, temporary));
  const command = await shell.run(['sleep', '30']);
  sshd.cutConnections();
  await command.exit;
  await untilNothing();
  expect(shell.where).toBe(`127.0.0.1:${sshd.port}`);
});

test('nothing is left after connecting was aborted', async () => {
  await using silent = await silentPort();
  const addresses = [{ host: '127.0.0.1', port: silent.port }];
  const controller = new AbortController();
  const options = opensshOptions(sshd, temporary, { addresses });
  const opening = openOpensshShell(options, { signal: controller.signal });
  await sleep(200);
  expect(leavings().processes).not.toEqual([]);
  controller.abort(new Error('stop'));
  await expect(opening).rejects.toThrow('stop');
  expect(leavings()).toEqual(nothing);
});

test('an aborted command leaves no client of its own', async () => {
  await using shell = await openOpensshShell(opensshOptions(sshd, temporary));
  const controller = new AbortController();
  const command = await shell.run(['sleep', '31.4159'], { signal: controller.signal });
  expect(processesWith('ControlMaster=no', '31.4159')).toHaveLength(1);
  controller.abort(new Error('stop'));
  expect(await command.exit).toEqual({ kind: 'lost', reason: 'stop' });
  for (let tries = 0; tries < 100 && processesWith('ControlMaster=no', '31.4159').length > 0; tries++)
    await sleep(20);
  expect(processesWith('ControlMaster=no', '31.4159')).toEqual([]);
});

test.for(['connecting', 'open', 'running'])(
  'nothing is left after this program was killed while %s',
  async (state) => {
    await using silent = await silentPort();
    const addresses = [{ host: '127.0.0.1', port: state === 'connecting' ? silent.port : sshd.port }];
    const options = opensshOptions(sshd, temporary, { addresses });
    const script = `
      import { openOpensshShell } from ${JSON.stringify(new URL('../../src/transport/openssh-shell.ts', import.meta.url).href)};
      const opening = openOpensshShell(${JSON.stringify(options)});
      if (${state === 'connecting'}) await new Promise((resolve) => setTimeout(resolve, 300));
      else {
        const shell = await opening;
        if (${state === 'running'}) await shell.run(['sleep', '30']);
      }
      console.log('now');
      setInterval(() => {}, 1000);`;
    const program = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(program.stdout, 'data');
    expect(leavings().files).toHaveLength(1);
    program.kill('SIGKILL');
    await once(program, 'exit');
    await untilNothing();
  },
);

test.runIf(process.getuid?.() === 0)(
  'no password is in the arguments or the environment of any process, nor in a file',
  async () => {
    const password = 'battery-staple-4711';
    await using server = await startSshd({ rootPassword: password });
    const found = new Set<string>();
    const looking = new AbortController();
    await using looks = new AsyncDisposableStack();
    const look = (async () => {
      while (!looking.signal.aborted) {
        for (const place of placesWith(password)) found.add(place);
        await sleep(1);
      }
    })();
    looks.defer(async () => {
      looking.abort();
      await look;
    });
    const login = { kind: 'password', password } as const;
    await using shell = await openOpensshShell(
      opensshOptions(server, temporary, { username: 'root', login }),
    );
    const { stdout } = await capture(shell, ['env']);
    await looks.disposeAsync();
    expect([...found]).toEqual([]);
    expect(Buffer.from(stdout).toString()).not.toContain(password);
  },
);

async function untilNothing(): Promise<void> {
  for (let tries = 0; tries < 250 && JSON.stringify(leavings()) !== JSON.stringify(nothing); tries++)
    await sleep(20);
  expect(leavings()).toEqual(nothing);
}

function placesWith(secret: string): string[] {
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const places = processes.flatMap((pid) => [`/proc/${pid}/cmdline`, `/proc/${pid}/environ`]);
  const folders = readdirSync(temporary, { recursive: true, withFileTypes: true });
  const files = folders.filter((entry) => entry.isFile()).map((entry) => `${entry.parentPath}/${entry.name}`);
  return [...places, ...files].filter((place) => read(place).includes(secret));
}

function read(place: string): string {
  try {
    return readFileSync(place, 'latin1');
  } catch {
    return '';
  }
}
