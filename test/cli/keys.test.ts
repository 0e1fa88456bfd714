/** The passwords of a repository, as the manual tells it. Debian's restic is the judge. */
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { folderBackend } from '../../src/repository/folder-backend.ts';
import { addKey } from '../../src/repository/key-ring.ts';
import { openRepository } from '../../src/repository/repository.ts';
import { restic } from '../repository/restic.ts';
import { QUICK_COST } from '../repository/sample-repository.ts';
import { atTerminal } from './at-terminal.ts';
import { labSite } from './lab-site.ts';
import { PASSWORD, Workplace } from './program.ts';

const SECOND = 'a second sentence, kept elsewhere';

let place: Workplace;
let folder: string;

beforeEach(async () => {
  place = new Workplace();
  onTestFinished(() => place[Symbol.dispose]());
  folder = join(place.folder, 'repository');
  await place.makeRepository();
  place.write('second', `${SECOND}\n`);
  place.write('site.yaml', labSite({ hosts: { pve: ['location: proxmox://127.0.0.1', 'mode: local'] } }));
});

/** A second key, made here: at the cost that the program takes, every password that is tried takes a second. */
async function addSecond(): Promise<void> {
  const repository = await openRepository(folderBackend(folder), PASSWORD);
  await addKey(repository, { password: SECOND, created: '2026-11-22T18:00:00.000Z', cost: QUICK_COST });
}

async function resticOpens(password: string): Promise<boolean> {
  return (await restic({ folder, password }, 'cat', 'config')).status === 0;
}

async function keysOf(...args: readonly string[]): Promise<readonly { id: string; current: boolean }[]> {
  const { stdout } = await place.succeed('key', 'list', ...args, '--json');
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

describe('pvebak key list', () => {
  it('shows who made each key and when, and which one opened the repository', async () => {
    const { stdout, status } = await place.pvebak('key', 'list', 'site.yaml');
    const row = String.raw`\*  [0-9a-f]{8}  \d{4}-\d\d-\d\d \d\d:\d\d UTC  \S+ +\S+`;
    expect(stdout).toMatch(new RegExp(`^ +id +created +host +user\n${row}\n1 key; \\* opened it\n$`));
    expect(status).toBe(0);
  });

  it('shows the ids that restic shows', async () => {
    await addSecond();
    const keys = await keysOf('site.yaml');
    const { text } = await restic({ folder, password: SECOND }, 'key', 'list');
    for (const { id } of keys) expect(text).toContain(id.slice(0, 8));
    expect(keys.filter(({ current }) => current)).toHaveLength(1);
  });

  it('takes ./site.yaml when nothing is named', async () => {
    expect(await keysOf()).toHaveLength(1);
  });
});

describe('pvebak key add', () => {
  it('adds a password that opens the repository as well', async () => {
    const { stdout, status } = await place.pvebak('key', 'add', 'site.yaml', '--new-password-file', 'second');
    expect(stdout).toMatch(/^added the key [0-9a-f]{8} to \/.*\/repository\nKeep its password elsewhere/);
    expect(status).toBe(0);
    expect([await resticOpens(PASSWORD), await resticOpens(SECOND)]).toEqual([true, true]);
  });

  it('asks for it twice, and does not show it', async () => {
    const ended = await atTerminal(
      place,
      ['key', 'add', 'site.yaml'],
      [
        ['new password for', SECOND],
        ['the same again', SECOND],
      ],
    );
    expect(ended.stdout).toContain('added the key');
    expect(ended.stdout).not.toContain(SECOND);
    expect(await resticOpens(SECOND)).toBe(true);
  });

  it.each([
    [
      'the two differ',
      [
        ['new password for', SECOND],
        ['the same again', 'another'],
      ],
      'are not the same',
      1,
    ],
    ['nothing is typed', [['new password for', '']], 'nothing was typed', 1],
    [
      'it is the old one',
      [
        ['new password for', PASSWORD],
        ['the same again', PASSWORD],
      ],
      'nothing was done',
      1,
    ],
    ['Ctrl-C is typed', [['new password for', '\u0003']], 'interrupted', 130],
    ['Ctrl-D is typed', [['new password for', '\u0004']], 'interrupted', 130],
  ] as const)('adds nothing when %s', async (_, answers, message, status) => {
    const ended = await atTerminal(place, ['key', 'add', 'site.yaml'], answers);
    expect(ended).toMatchObject({ stdout: expect.stringContaining(message), status });
    expect(ended.stdout).not.toContain(SECOND);
    expect(await keysOf('site.yaml')).toHaveLength(1);
    expect(place.stored('locks')).toEqual([]);
  });

  it('needs a terminal, or a file', async () => {
    const { stderr, status } = await place.pvebak('key', 'add', 'site.yaml');
    expect(stderr).toContain('there is no terminal to ask on\n  give --new-password-file FILE');
    expect(status).toBe(1);
  });

  it('is what plan asks for while there is only one', async () => {
    const policies = ['{ name: all, host: pve, all: true, rpo: 24h }'];
    const hosts = { pve: ['location: proxmox://127.0.0.1', 'mode: local'] };
    place.write('site.yaml', labSite({ hosts, backups: policies }));
    const note = 'repository main has one key: add a second with pvebak key add';
    expect((await place.pvebak('plan', 'site.yaml')).stdout).toContain(note);
    await addSecond();
    expect((await place.pvebak('plan', 'site.yaml')).stdout).not.toContain('one key');
  });
});

describe('pvebak key passwd', () => {
  it('replaces the password that opened the repository, and says where the new one belongs', async () => {
    const { stdout } = await place.succeed('key', 'passwd', 'site.yaml', '--new-password-file', 'second');
    expect(stdout).toMatch(/^the key [0-9a-f]{8} replaces [0-9a-f]{8} in /);
    expect(stdout).toContain('where repositories.main.password finds it: the first line of /');
    expect([await resticOpens(PASSWORD), await resticOpens(SECOND)]).toEqual([false, true]);
    expect((await place.pvebak('key', 'list', 'site.yaml')).status).toBe(12);
    place.write('password', `${SECOND}\n`);
    expect(await keysOf('site.yaml')).toHaveLength(1);
  });

  it('leaves all other keys alone', async () => {
    await addSecond();
    place.write('third', 'a third one\n');
    await place.succeed(
      'key',
      'passwd',
      '--repo',
      folder,
      '--password-file',
      'password',
      '--new-password-file',
      'third',
    );
    const opens = [await resticOpens(PASSWORD), await resticOpens(SECOND), await resticOpens('a third one')];
    expect(opens).toEqual([false, true, true]);
  });
});

describe('pvebak key remove', () => {
  it('refuses the last one', async () => {
    const [only] = await keysOf('site.yaml');
    const ended = await place.pvebak('key', 'remove', 'site.yaml', only?.id.slice(0, 8) ?? '', '--yes');
    expect(ended).toMatchObject({ stderr: expect.stringContaining('is the only key of'), status: 1 });
    expect(await resticOpens(PASSWORD)).toBe(true);
  });

  it('removes another one without a question', async () => {
    await addSecond();
    const other = (await keysOf('site.yaml')).find(({ current }) => !current);
    const { stdout } = await place.succeed('key', 'remove', 'site.yaml', other?.id.slice(0, 8) ?? '');
    expect(stdout).toContain(`removed the key ${other?.id.slice(0, 8)}`);
    expect([await resticOpens(PASSWORD), await resticOpens(SECOND)]).toEqual([true, false]);
  });

  it('asks before it removes the one that opened the repository', async () => {
    await addSecond();
    const own = (await keysOf('site.yaml')).find(({ current }) => current)?.id.slice(0, 8) ?? '';
    const unasked = await place.pvebak('key', 'remove', 'site.yaml', own);
    expect(unasked).toMatchObject({ stderr: expect.stringContaining('give --yes'), status: 1 });
    const no = await atTerminal(place, ['key', 'remove', 'site.yaml', own], [['Remove it?', 'n']]);
    expect(no.stdout).toContain('nothing was done');
    expect(await resticOpens(PASSWORD)).toBe(true);
    const yes = await atTerminal(place, ['key', 'remove', 'site.yaml', own], [['Remove it?', 'y']]);
    expect(yes.stdout).toContain(`removed the key ${own}`);
    expect([await resticOpens(PASSWORD), await resticOpens(SECOND)]).toEqual([false, true]);
  });

  it.each([
    [['site.yaml', '0000'], 'there is no key 0000'],
    [['site.yaml', 'x'], 'there is no key x'],
    [['a', 'b', 'c'], 'give one id, after the site file or with --repo'],
  ])('%j is refused', async (words, message) => {
    const ended = await place.pvebak('key', 'remove', ...words);
    expect(ended).toMatchObject({ stderr: expect.stringContaining(message), status: 1 });
  });
});

describe('which repository', () => {
  it('must be said where the site has several', async () => {
    const several = labSite({ hosts: { pve: ['location: proxmox://127.0.0.1', 'mode: local'] } }).replace(
      'hosts:',
      '  other:\n    path: ./other\n    password: { env: OTHER }\nhosts:',
    );
    place.write('site.yaml', several);
    const unsaid = await place.pvebak('key', 'list', 'site.yaml');
    expect(unsaid.stderr).toBe(
      'pvebak: the site has several repositories\n  name one with --repository: main, other\n',
    );
    expect(await keysOf('site.yaml', '--repository', 'main')).toHaveLength(1);
    const wrong = await place.pvebak('key', 'list', 'site.yaml', '--repository', 'mine');
    expect(wrong.stderr).toContain('the site has no repository mine\n  it has: main, other');
  });
});

describe('help', () => {
  it.each(['list', 'add', 'passwd', 'remove'])('of key %s shows an example', async (command) => {
    const { stdout, status } = await place.pvebak('key', command, '--help');
    expect(stdout).toContain(`Usage: pvebak key ${command}`);
    expect(stdout).toMatch(new RegExp(`Examples?:\n +pvebak key ${command} `));
    expect(status).toBe(0);
  });
});
