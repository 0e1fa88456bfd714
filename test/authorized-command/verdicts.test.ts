/** What pvebak-allowed lets through, and what not. */
import { afterAll, describe, expect, test } from 'vitest';
import { pctRestoreCommand, qmrestoreCommand } from '../../src/pve/commands.ts';
import { wrappedDump } from '../../src/pve/wrapper/dump-script.ts';
import { wrappedRestore } from '../../src/pve/wrapper/restore-script.ts';
import { stageCommand } from '../../src/pve/wrapper/stage-script.ts';
import { quoteArgv } from '../../src/transport/quote-argv.ts';
import {
  BACKUP_COMMANDS,
  CLAIM,
  CT,
  DUMP,
  DUMP_DIR,
  linesFor,
  NODE_CONFIG,
  RESTORE_COMMANDS,
  SCRIPTS,
  VM,
  wordsOf,
} from './allowed-commands.ts';
import { HarmlessPrograms } from './run-allowed.ts';

const programs = new HarmlessPrograms();
afterAll(() => programs[Symbol.dispose]());

const titled = (argvs: readonly (readonly string[])[]) =>
  argvs.map((argv) => [argv.map((word) => (word.includes('\n') ? 'SCRIPT' : word)).join(' '), argv] as const);

describe('a key for backups', () => {
  test.each(titled(BACKUP_COMMANDS))('runs %s', (_, argv) => {
    expect(programs.judge(quoteArgv(argv), ['backup'])).toMatchObject({
      status: 0,
      ran: argv,
      stderr: '',
      logged: '',
    });
  });

  test.each(titled([...RESTORE_COMMANDS, NODE_CONFIG]))('does not run %s', (_, argv) => {
    const { status, ran, stderr } = programs.judge(quoteArgv(argv), ['backup']);
    expect({ status, ran }).toEqual({ status: 126, ran: [] });
    expect(stderr).toMatch(
      /^pvebak-allowed: refused: (this key may back up, and not restore|.* needs --node-config)\n$/,
    );
  });

  test('sends the configuration of the node only where that was written', () => {
    const { status, ran } = programs.judge(quoteArgv(NODE_CONFIG), ['backup', '--node-config']);
    expect({ status, ran }).toEqual({ status: 0, ran: NODE_CONFIG });
    const other = NODE_CONFIG.map((word) => (word === 'etc/network' ? 'etc/shadow' : word));
    expect(programs.judge(quoteArgv(other), ['backup', '--node-config']).status).toBe(126);
  });
});

describe('a key for restores', () => {
  test.each(titled([...RESTORE_COMMANDS, NODE_CONFIG, DUMP]))('runs %s', (_, argv) => {
    expect(programs.judge(quoteArgv(argv), ['restore'])).toMatchObject({
      status: 0,
      ran: argv,
      stderr: '',
      logged: '',
    });
  });
});

test('it takes both clients, and sudo, which it leaves out where it is root already', () => {
  for (const argv of [DUMP, ['hostname']]) {
    const [plain, status, sudo, statusAndSudo] = linesFor(argv).map((line) =>
      programs.judge(line, ['backup']),
    );
    expect(plain?.ran).toEqual(argv);
    expect(sudo?.ran).toEqual(argv);
    const around = ['sh', '-c', SCRIPTS.get('status'), 'sh', `[pvebak ${'0a'.repeat(12)}]`];
    expect(status?.ran).toEqual([...around, ...argv]);
    expect(statusAndSudo?.ran).toEqual([...around, ...argv]);
  }
});

test('it knows another dump_dir where that was written, and then no other', () => {
  const moved = DUMP.map((word) => word.replace(DUMP_DIR, '/mnt/dump dir'));
  const setting = ['backup', '--dump-dir', '/mnt/dump dir'];
  expect(programs.judge(quoteArgv(moved), setting).ran).toEqual(moved);
  expect(programs.judge(quoteArgv(DUMP), setting).status).toBe(126);
  expect(programs.judge(quoteArgv(moved), ['backup']).status).toBe(126);
});

test('it hands on nothing of the environment but what a login has', () => {
  const surplus = { BASH_ENV: '/tmp/x', LD_PRELOAD: '', PERL5LIB: '/tmp', PVE: '1' };
  const login = { HOME: '/root', LANG: 'C.UTF-8', LC_ALL: 'C', USER: 'root' };
  const { environment } = programs.judge(quoteArgv(['hostname']), ['backup'], { ...surplus, ...login });
  expect(environment).toMatchObject(login);
  // Those of the shell that tells it.
  const own = ['PATH', 'PWD', 'OLDPWD', 'SHLVL', '_'];
  expect(
    Object.keys(environment)
      .filter((name) => !own.includes(name))
      .sort(),
  ).toEqual(Object.keys(login));
});

const script = (name: string) => SCRIPTS.get(name) ?? '';
const dumpOf = (...words: readonly string[]) => quoteArgv([...DUMP, ...words]);
const changed = (argv: readonly string[], from: string, to: string) =>
  quoteArgv(argv.map((word) => (word === from ? to : word)));
const restoreOf = (argv: readonly string[], guest = VM) => quoteArgv(wrappedRestore(argv, { guest }));
const pctWith = (more: Partial<Parameters<typeof pctRestoreCommand>[0]>) =>
  restoreOf(pctRestoreCommand({ vmid: CT.vmid, archive: '-', rootfs: 'local:8', ...more }), CT);

/** Each is refused with either key, for the reason beside it. */
const REFUSED: readonly (readonly [title: string, line: string | undefined, why: string])[] = [
  ['a login', undefined, 'no command was sent'],
  ['a line without quotes', 'hostname', 'not quoted'],
  ['a command behind it', "'hostname'; 'id'", 'not quoted'],
  ['a command behind it, without a space', "'hostname';id", 'not quoted'],
  ['a pipe', "'hostname' | 'sh'", 'not quoted'],
  ['a second line', "'hostname'\n'id'", 'not quoted'],
  ['a substitution', '\'hostname\' "$(id)"', 'not quoted'],
  ['an assignment before it', "PATH='/tmp' 'hostname'", 'not quoted'],
  ['two spaces', "'hostname'  'x'", 'not quoted'],
  ['a space at the end', "'hostname' ", 'not quoted'],
  ['a quote that is not closed', "'hostname", 'not quoted'],
  ['a quote that is opened again', "'hostname'\\''", 'not quoted'],
  ['a very long line', `'${'x'.repeat(70_000)}'`, 'too long'],
  ['another program', quoteArgv(['bash', '-c', 'id']), 'not one that pvebak runs'],
  ['a program by its path', quoteArgv(['/usr/bin/hostname']), 'not one that pvebak runs'],
  ['a subsystem', 'internal-sftp', 'not quoted'],
  ['rm', quoteArgv(['rm', '-rf', '--', '/run/pvebak-dump-qemu-101.x']), 'not one that pvebak runs'],
  ['sudo alone', quoteArgv(['sudo', '-n', '--']), 'not one that pvebak runs'],
  ['sudo as somebody', quoteArgv(['sudo', '-u', 'root', 'hostname']), 'not one that pvebak runs'],
  ['hostname with a name', quoteArgv(['hostname', 'pve9']), 'the arguments'],
  ['another script', quoteArgv(['sh', '-c', 'id']), 'is not in the list'],
  [
    'a script with one more byte',
    quoteArgv(['sh', '-c', `${script('cluster-files')} `]),
    'is not in the list',
  ],
  ['another script in the wrapper', changed(DUMP, script('dump'), 'id'), 'is not in the list'],
  ['a script in the place of another', changed(DUMP, script('dump'), script('look-up')), 'the arguments'],
  ['a claim in another place', changed(CLAIM, '4f1c22aa4f1c22aa', '/../../root/x'), 'the arguments'],
  ['a claim of what is no guest', changed(CLAIM, 'claim-qemu-101', 'claim-x/../y-101'), 'the arguments'],
  [
    'arguments for a script without',
    quoteArgv(['sh', '-c', script('cluster-files'), 'sh', 'x']),
    'the arguments',
  ],
  ['the status of a status', linesFor(wordsOf(linesFor(['hostname'])[1] ?? ''))[1], 'the arguments'],
  ['a mark that is none', quoteArgv(['sh', '-c', script('status'), 'sh', '$(id)', 'hostname']), 'the mark'],
  ['no command behind the mark', quoteArgv(['sh', '-c', script('status'), 'sh', 'x']), 'the mark'],
  ['a vmid with a path', quoteArgv(['sh', '-c', script('look-up'), 'sh', '../101']), 'the arguments'],
  ['a vmid with a line', quoteArgv(['sh', '-c', script('look-up'), 'sh', '101\n']), 'the arguments'],
  ['pvesh set', quoteArgv(['pvesh', 'set', '/version', '--output-format', 'json']), 'the arguments'],
  [
    'another path of the API',
    quoteArgv(['pvesh', 'get', '/access/users', '--output-format', 'json']),
    'the arguments',
  ],
  [
    'pvesh create',
    quoteArgv(['pvesh', 'create', '/nodes/pve1/execute', '--commands', '[]']),
    'the arguments',
  ],
  ['vzdump without its wrapper', quoteArgv(['vzdump', '101', '--stdout']), 'not one that pvebak runs'],
  ['vzdump --script', dumpOf('--script', '/tmp/x'), 'the option --script'],
  ['vzdump --tmpdir', dumpOf('--tmpdir', '/etc'), 'the option --tmpdir'],
  ['vzdump --storage', dumpOf('--storage', 'local'), 'the option --storage'],
  ['vzdump --all', dumpOf('--all'), 'the option --all'],
  ['vzdump --mailto', dumpOf('--mailto', 'me@example.org'), 'the option --mailto'],
  ['an option with =', dumpOf('--script=/tmp/x'), 'the option --script=/tmp/x'],
  ['an option of one dash', dumpOf('-script', '/tmp/x'), 'the option -script'],
  ['one more vmid', dumpOf('102'), 'the option 102'],
  ['an option without its value', dumpOf('--node'), 'the value of --node'],
  ['an option twice', dumpOf('--mode', 'stop'), '--mode is given twice'],
  ['a value that is an option', dumpOf('--exclude-path', '--script'), 'the value of --exclude-path'],
  ['a pattern with a line', dumpOf('--exclude-path', '/a\n/b'), 'the value of --exclude-path'],
  ['a storage that is a path', dumpOf('--fleecing', 'enabled=1,storage=/etc'), 'the value of --fleecing'],
  ['another dump_dir', changed(DUMP, DUMP_DIR, '/etc'), 'the value of --dumpdir'],
  ['dump_dir, and out of it', changed(DUMP, DUMP_DIR, `${DUMP_DIR}/../../../etc`), 'the value of --dumpdir'],
  ['log files elsewhere', changed(DUMP, `${DUMP_DIR}/vzdump-qemu-101-`, '/etc/'), 'the arguments'],
  ['a guest under the name of another', changed(DUMP, 'dump-qemu-101', 'dump-qemu-102'), 'the arguments'],
  ['a folder with a path', changed(DUMP, 'dump-qemu-101', 'dump-qemu-101/../x'), 'the arguments'],
  [
    'another tool in the wrapper',
    quoteArgv(wrappedDump(['id'], { guest: VM, dumpDir: DUMP_DIR })),
    'the arguments',
  ],
  [
    'a dump without dump_dir',
    quoteArgv(DUMP.filter((word) => word !== '--dumpdir' && word !== DUMP_DIR)),
    'the arguments',
  ],
];

/** Those are refused with a key for restores, too. */
const REFUSED_RESTORES: readonly (readonly [title: string, line: string, why: string])[] = [
  ['an archive elsewhere', quoteArgv(stageCommand('/etc/cron.d/x', { guest: VM })), 'the arguments'],
  [
    'an archive that is none of ours',
    quoteArgv(stageCommand(`${DUMP_DIR}/x.vma`, { guest: VM })),
    'the arguments',
  ],
  [
    'a restore of another guest',
    restoreOf(qmrestoreCommand({ vmid: CT.vmid, archive: '-' })),
    'the arguments',
  ],
  [
    'a restore from elsewhere',
    restoreOf(qmrestoreCommand({ vmid: VM.vmid, archive: '/tmp/x.vma' })),
    'the arguments',
  ],
  [
    'a tool of the other type',
    restoreOf(qmrestoreCommand({ vmid: CT.vmid, archive: '-' }), CT),
    'the arguments',
  ],
  [
    'a restore that starts',
    restoreOf(qmrestoreCommand({ vmid: VM.vmid, archive: '-', start: true })),
    'the option --start',
  ],
  [
    'a folder of the node',
    pctWith({ mountPoints: [{ key: 'mp0', value: '/etc,mp=/mnt' }] }),
    'the value of --mp0',
  ],
  ['a volume that is there', pctWith({ rootfs: 'local:101/vm-101-disk-0.raw' }), 'the value of --rootfs'],
  [
    'a hook',
    restoreOf([...pctRestoreCommand({ vmid: CT.vmid, archive: '-' }), '--hookscript', 'local:x'], CT),
    'the option --hookscript',
  ],
  ['qm set --args', quoteArgv(['qm', 'set', '101', '--args', '-drive file=/dev/sda']), 'the option --args'],
  [
    'a description of nothing restored',
    quoteArgv(['qm', 'set', '101', '--description', 'x']),
    'the value of --description',
  ],
  ['qm set of nothing', quoteArgv(['qm', 'set', '101']), 'the arguments'],
  ['qm guest exec', quoteArgv(['qm', 'guest', 'exec', '101', 'id']), 'the arguments'],
  ['qm monitor', quoteArgv(['qm', 'monitor', '101']), 'the arguments'],
  ['pct exec', quoteArgv(['pct', 'exec', '105', '--', 'sh']), 'the arguments'],
  ['qm destroy', quoteArgv(['qm', 'destroy', '101']), 'the arguments'],
  ['the room elsewhere', quoteArgv(['stat', '-f', '-c', '%a %S', '--', '/root']), 'the arguments'],
];

describe('no key', () => {
  test.each(REFUSED)('runs %s', (_, line, why) => {
    const { status, ran, stderr, logged } = programs.judge(line, ['backup']);
    expect({ status, ran }).toEqual({ status: 126, ran: [] });
    expect(stderr).toMatch(/^pvebak-allowed: refused: .*\n$/);
    expect(stderr).toContain(why);
    expect(logged).toMatch(/^-t pvebak-allowed -p auth\.warning -- backup key, 192\.0\.2\.7: refused, .*\n$/);
    expect(logged).toContain(stderr.trim().replace('pvebak-allowed: refused: ', ''));
  });

  test.each(REFUSED_RESTORES)('runs %s, not even one for restores', (_, line, why) => {
    const { status, ran, stderr } = programs.judge(line, ['restore']);
    expect({ status, ran }).toEqual({ status: 126, ran: [] });
    expect(stderr).toContain(why);
  });
});

test.each([
  [[]],
  [['everything']],
  [['backup', '--dump-dir']],
  [['backup', '--dump-dir', 'dump']],
  [['backup', 'restore']],
])('settings that it does not know let nothing through: %j', (settings) => {
  const { status, ran } = programs.judge(quoteArgv(['hostname']), settings);
  expect(ran).toEqual([]);
  expect(status).not.toBe(0);
});
