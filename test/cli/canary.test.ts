/** What is secret stays with the program: whole runs of all that uses secrets, and a search of all that they left. */
import { randomUUID } from 'node:crypto';
import { copyFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { addCt, addVm, diskFile, findGuest } from '../lab/guests.ts';
import { type Lab, startLab } from '../lab/lab.ts';
import { runProgram } from '../lab/run-program.ts';
import { sha256Of } from './guest-files.ts';
import { byIdentity, byPassword, labSite } from './lab-site.ts';
import { ENTRY, type Ended, flat, RunningProgram, Workplace } from './program.ts';
import { filesWith, knows, watchProcesses } from './secret-watch.ts';

/** No other test has them, as all processes of the machine are looked at. */
const canary = (what: string) => `canary-${what}-${randomUUID()}`;
const REPOSITORY = canary('of-the-repository');
const SECOND = canary('of-the-second-password');
const PASSPHRASE = canary('of-the-passphrase');
const WRONG = canary('that-is-wrong');
/** Files of the user that hold them. */
const OWN = ['password', 'second', 'login', 'key', 'passphrase', 'wrong', 'wrong.yaml'];
let lab: Lab;
let place: Workplace;
let secrets: readonly string[];
const ends: Ended[] = [];

beforeAll(async () => {
  lab = await startLab();
  const scsi0 = { key: 'scsi0', sizeBytes: 1 << 20, content: { kind: 'random', bytes: 1 << 19 } } as const;
  addVm(lab, 'pve1', { vmid: 101, name: 'web', disks: [scsi0] });
  addCt(lab, 'pve1', { vmid: 105, hostname: 'git' });
  place = new Workplace();
  place.write('password', `${REPOSITORY}\n`);
  place.write('second', `${SECOND}\n`);
  place.write('login', `${lab.password}\n`);
  place.write('passphrase', `${PASSPHRASE}\n`);
  place.write('wrong', `${WRONG}\n`);
  const key = join(place.folder, 'key');
  copyFileSync(lab.identityFile, key);
  runProgram('ssh-keygen', ['-q', '-p', '-P', '', '-N', PASSPHRASE, '-f', key]);
  await place.makeRepository('repository', REPOSITORY);
  const masterKey: unknown = JSON.parse(place.restic('cat', 'masterkey'));
  secrets = [
    ...[REPOSITORY, SECOND, PASSPHRASE, WRONG, lab.password],
    ...[key, lab.identityFile].flatMap((file) => readFileSync(file, 'utf8').split('\n').slice(3, 5)),
    ...textsIn(masterKey).filter((text) => text.length > 16),
  ];
});

afterAll(async () => {
  place[Symbol.dispose]();
  await lab.stop();
});

/** All texts within some JSON. */
function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

const password = (more: Readonly<Record<string, string>> = {}) =>
  byPassword(lab.node('pve1'), '{ file: ./login }', more);
const identity = (more: Readonly<Record<string, string>> = {}) =>
  byIdentity(lab.node('pve1'), {
    conn_identity_file: './key',
    conn_passphrase: '{ file: ./passphrase }',
    ...more,
  });

function site(name: string, pve: readonly string[], more: { readonly password?: string } = {}): string {
  const policy = '{ name: all, host: pve, vmid: [101, 105], rpo: 1s, retention: { keep-last: 1 } }';
  place.write(name, labSite({ hosts: { pve }, backups: [policy], ...more }));
  return name;
}

async function run(status: number, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const ended = await place.start(args, { env }).ended;
  ends.push(ended);
  if (ended.status !== status)
    throw new Error(`pvebak ${args.join(' ')} ended with ${ended.status}:\n${ended.stdout}${ended.stderr}`);
  return flat(ended.stdout + ended.stderr);
}

it('the search finds what there is to find', async () => {
  const environment = { ...place.environment, SECOND };
  const waiting = new RunningProgram(['tail', '-f', '/dev/null', WRONG], { cwd: '/', env: environment });
  const watches = [SECOND, WRONG].map((secret) => watchProcesses([secret]));
  await sleep(300);
  for (const watched of watches) expect(await watched.end()).toContain(`tail -f /dev/null ${WRONG} `);
  waiting.child.kill();
  await waiting.ended;
  const files = filesWith(secrets, place.folder).map((path) => path.slice(place.folder.length + 1));
  expect(files.sort()).toEqual(['key', 'login', 'passphrase', 'password', 'second', 'wrong']);
  for (const form of ['base64', 'base64url', 'hex'] as const)
    expect(knows(Buffer.from(`${WRONG}, and more`).toString(form), [WRONG])).toBe(true);
});

it('with the password of the node and ssh2', async () => {
  const yaml = site('site.yaml', password());
  const watched = watchProcesses(secrets);
  await run(0, ['plan', yaml, '--json', '--out', 'plan.json']);
  await run(0, ['facts', yaml, '--out', 'facts.json']);
  expect(await run(0, ['apply', 'plan.json', '--json'])).toContain('done');
  await run(0, ['verify', '--site', yaml, '--read-data']);
  await sleep(1000);
  lab.node('pve1').orderFault({ kind: 'short' });
  await run(3, ['apply', yaml, '--yes', '--allow', 'forget', '--verbose']);
  await run(0, ['prune', yaml]);
  await run(0, ['snapshots', yaml, '--json']);
  await run(0, ['kit', yaml]);
  await run(0, restoreOf(700, yaml));
  expect(await watched.end()).toEqual([]);
});

it('with a key that has a passphrase and openssh; the password of the repository is in the environment', async () => {
  const env = { CANARY: REPOSITORY };
  const yaml = site('openssh.yaml', identity({ conn_client: 'openssh', backup_compression: 'lzo' }), {
    password: '{ env: CANARY }',
  });
  const watched = watchProcesses(secrets, (command) => !command.includes(ENTRY));
  await run(0, ['apply', yaml, '--yes', '--allow', 'forget'], env);
  await run(0, restoreOf(800, yaml), env);
  expect(await watched.end()).toEqual([]);
});

it('with the other login of each client', async () => {
  const watched = watchProcesses(secrets);
  await run(0, ['plan', site('identity.yaml', identity())]);
  await run(0, ['plan', site('askpass.yaml', password({ conn_client: 'openssh' }))]);
  expect(await watched.end()).toEqual([]);
});

it('with secrets that are wrong, and where the host is not the one', async () => {
  const wrong = '{ file: ./wrong }';
  const watched = watchProcesses(secrets);
  const other = { host_key: `SHA256:${'A'.repeat(43)}` };
  expect(await run(12, ['plan', site('wrong.yaml', password(), { password: wrong })])).toContain('password');
  for (const conn_client of ['ssh2', 'openssh']) {
    const refused = await run(3, [
      'plan',
      site('wrong.yaml', password({ conn_password: wrong, conn_client })),
    ]);
    expect(refused).toMatch(/refused the login/);
    const closed = await run(3, [
      'plan',
      site('wrong.yaml', identity({ conn_passphrase: wrong, conn_client })),
    ]);
    expect(closed).toContain('passphrase');
    expect(await run(3, ['plan', site('wrong.yaml', password({ ...other, conn_client }))])).toMatch(
      /THE HOST KEY OF .* The server shows \S+ \S+ but known is /,
    );
  }
  site('wrong.yaml', password({ conn_password: WRONG }));
  await run(3, ['plan', 'wrong.yaml', '--json']);
  expect(await watched.end()).toEqual([]);
});

it('when a second password is added', async () => {
  const watched = watchProcesses(secrets);
  await run(0, ['key', 'add', 'site.yaml', '--new-password-file', 'second']);
  expect(await watched.end()).toEqual([]);
});

it('what was restored meanwhile is what was backed up', () => {
  for (const vmid of [801, 901])
    expect(sha256Of(diskFile(lab, vmid, 'scsi0'))).toBe(sha256Of(diskFile(lab, 101, 'scsi0')));
  for (const vmid of [805, 905]) expect(findGuest(lab, vmid)).toBeDefined();
});

it('no secret was said, written, or left on the node or in the repository, and nothing is for others to read', () => {
  for (const { stdout, stderr } of ends) expect(knows(stdout + stderr, secrets)).toBe(false);
  expect(ends.length).toBeGreaterThan(20);
  const names = (paths: readonly string[], folder: string) =>
    paths.map((path) => path.slice(folder.length + 1));
  expect(names(filesWith(secrets, place.folder), place.folder).sort()).toEqual(OWN.sort());
  expect(names(filesWith(secrets, lab.dir), lab.dir)).toEqual(['client_key']);
  const open = place.folder;
  expect(runProgram('find', [open, '-mindepth', '1', '-perm', '/077', '-not', '-path', `${open}/tmp`])).toBe(
    '',
  );
  const restored = join(place.folder, 'tmp', 'restored');
  for (const id of readdirSync(join(place.folder, 'repository', 'snapshots')))
    place.restic('restore', id, '--target', join(restored, id));
  expect(filesWith(secrets, restored)).toEqual([]);
  expect(readdirSync(restored).length).toBeGreaterThan(3);
});

function restoreOf(offset: number, yaml: string): readonly string[] {
  const what = ['--latest', '--guests', 'qemu/101,lxc/105', '--vmid-offset', String(offset)];
  return ['restore', ...what, '--site', yaml, '--to', 'pve', '--yes'];
}
