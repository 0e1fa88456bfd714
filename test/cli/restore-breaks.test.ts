/** Restores that are refused, or break: what is said, what to type next, and what is left of the target. */
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readKnownRecords } from '../../src/records/known-records.ts';
import { folderBackend } from '../../src/repository/folder-backend.ts';
import { readSnapshots } from '../../src/repository/read-snapshots.ts';
import { openRepository } from '../../src/repository/repository.ts';
import {
  addCt,
  addVm,
  containerFolder,
  diskFile,
  findGuest,
  moveGuest,
  runState,
  setRunState,
} from '../lab/guests.ts';
import { type Lab, startLab } from '../lab/lab.ts';
import type { LabNode } from '../lab/lab-node.ts';
import { describeFiles, sha256Of } from './guest-files.ts';
import { byIdentity, labSite } from './lab-site.ts';
import { flat, Workplace } from './program.ts';

let lab: Lab;
let node: LabNode;
let place: Workplace;

beforeAll(async () => {
  lab = await startLab({ nodes: ['pve1', 'pve2'], vmaHeaderSeconds: 5 });
  node = lab.node('pve1');
  place = new Workplace();
  const random = { kind: 'random', bytes: 6 << 20 } as const;
  const disk = { key: 'scsi0', sizeBytes: 8 << 20, content: random };
  addVm(lab, 'pve1', { vmid: 101, name: 'web', disks: [disk] });
  addVm(lab, 'pve1', { vmid: 102, name: 'other', disks: [{ ...disk, storage: 'fast' }] });
  const rootfs = (root: string) => writeFileSync(`${root}/data`, randomBytes(3 << 20));
  addCt(lab, 'pve1', { vmid: 105, hostname: 'git', rootfs });
  mkdirSync(node.path('/etc/network'), { recursive: true });
  writeFileSync(node.path('/etc/network/interfaces'), 'iface vmbr0 inet manual\n\tbridge-ports eno1\n');
  const hosts = { pve: byIdentity(node, { cleanup: 'true' }) };
  place.write('site.yaml', labSite({ hosts, backups: ['{ name: everything, host: pve, all: true }'] }));
  await place.makeRepository();
  await place.succeed('apply', 'site.yaml', '--yes');
});

afterAll(async () => {
  place[Symbol.dispose]();
  await lab.stop();
});

async function restore(guest: string, ...more: readonly string[]) {
  const done = await place.pvebak('restore', '--latest', '--guests', guest, '--to', 'pve', '--yes', ...more);
  return { ...done, said: flat(done.stdout + done.stderr) };
}

/** Everything of a guest that may not change when a restore over it is refused. */
function look(vmid: number) {
  const guest = findGuest(lab, vmid);
  const data =
    guest?.type === 'qemu'
      ? sha256Of(diskFile(lab, vmid, 'scsi0'))
      : [...describeFiles(containerFolder(lab, vmid))];
  return { config: [...(guest?.config.values ?? [])], data, state: runState(lab, vmid) };
}

async function nothingLeft(): Promise<void> {
  expect((await node.exec('ls -A /var/lib/vz/dump; ls -A /run | grep pvebak-')).stdout).toBe('');
}

describe('before anything is touched, a restore is refused', () => {
  it.each<[string, string, readonly string[], string, string]>([
    ['a storage', 'qemu/101', ['--vmid', '901', '--storage', 'nope'], 'the storage nope does not exist', ''],
    [
      'a mapped storage',
      'qemu/101',
      ['--vmid', '901', '--map-storage', 'local=iso-only'],
      'does not take disks',
      '',
    ],
    ['a pool', 'qemu/101', ['--vmid', '901', '--pool', 'nope'], 'there is no pool nope', ''],
    [
      'a bridge',
      'qemu/101',
      ['--vmid', '901', '--map-bridge', 'vmbr0=vmbr9'],
      'there is no bridge vmbr9 on pve1',
      'only vmbr0',
    ],
    [
      'the vmid, which a container has',
      'qemu/101',
      ['--vmid', '105', '--replace'],
      'a guest of the other type',
      '',
    ],
    ['the vmid, which is taken', 'lxc/105', [], 'lxc/105 git exists', ''],
    [
      'room in the dump folder',
      'lxc/105',
      ['--vmid', '905', '--mode', 'staged', '--dump-dir', '/var/tmp/small'],
      '/var/tmp/small on',
      'mode: streamed',
    ],
    [
      'the dump folder',
      'lxc/105',
      ['--vmid', '905', '--mode', 'staged', '--dump-dir', '/var/tmp/none'],
      'there is no folder /var/tmp/none',
      'dump_dir',
    ],
  ])('for %s', async (_, guest, more, message, hint) => {
    await node.exec('mkdir -p /var/tmp/small && mount -t tmpfs -o size=1m tmpfs /var/tmp/small');
    const { said, status } = await restore(guest, ...more);
    await node.exec('umount /var/tmp/small');
    expect(said).toContain(message);
    expect(said).toContain(hint);
    expect(status).toBe(3);
    expect([findGuest(lab, 901), findGuest(lab, 905)]).toEqual([undefined, undefined]);
  });

  const fill = () => node.exec('mount -t tmpfs -o size=2m tmpfs /var/lib/fast && mkdir /var/lib/fast/images');
  const empty = () => node.exec('umount /var/lib/fast');

  it('for room on the storage', async () => {
    await fill();
    const { said, status } = await restore('qemu/101', '--vmid', '901', '--storage', 'fast');
    await empty();
    expect(said).toContain('it needs 6 MiB on the storage fast of pve1, which has 2 MiB left');
    expect(status).toBe(3);
  });

  it.each(['staged', 'streamed'])('for room that is gone since the plan was made, %s', async (mode) => {
    const entry = 'name: r, guest: qemu/101, from: pve, to: { host: pve, vmid: 901, storage: fast }';
    const hosts = { pve: byIdentity(node, { cleanup: 'true' }) };
    place.write('room.yaml', labSite({ hosts, restores: [`{ ${entry}, mode: ${mode} }`] }));
    await place.succeed('plan', 'room.yaml', '--out', `${mode}.json`);
    await fill();
    const { stdout } = await place.pvebak('apply', `${mode}.json`);
    await empty();
    expect(flat(stdout)).toMatch(/the storage fast on pve1 has 2 MiB free, and the guest takes [78] MiB/);
    expect(findGuest(lab, 901)).toBeUndefined();
    await nothingLeft();
  });

  it.each([
    ['locked', 'lock: migrate', 'qm unlock 101'],
    ['protected', 'protection: 1', 'qm set 101 --protection 0'],
  ])('for a guest that is %s, which goes on running', async (state, line, hint) => {
    setRunState(lab, 101, 'running');
    const file = findGuest(lab, 101)?.file ?? '';
    const config = readFileSync(file, 'utf8');
    writeFileSync(file, `${config}${line}\n`);
    const before = look(101);
    const { said, status } = await restore('qemu/101', '--replace');
    expect(said).toContain(state);
    expect(said).toContain(hint);
    expect(status).toBe(3);
    expect(look(101)).toEqual(before);
    writeFileSync(file, config);
    setRunState(lab, 101, 'stopped');
  });

  it('for a guest that is on another node', async () => {
    moveGuest(lab, 102, 'pve2');
    const { said, status } = await restore('qemu/102', '--replace');
    expect(said).toContain('qemu/102 other lives on pve2, not on pve1');
    expect(status).toBe(3);
    moveGuest(lab, 102, 'pve1');
  });
});

describe('with a damaged blob in the repository', () => {
  let undo: () => void;
  beforeEach(() => {
    undo = damage(join(place.folder, 'repository/data'));
  });
  afterEach(() => undo());

  it.each([
    ['qemu/101', 101, 'staged'],
    ['qemu/101', 101, 'streamed'],
    ['lxc/105', 105, 'staged'],
    ['lxc/105', 105, 'streamed'],
  ])('%s goes on running as it is: %i %s', async (guest, vmid, mode) => {
    setRunState(lab, vmid, 'running');
    const before = look(vmid);
    const { said, status } = await restore(guest, '--replace', '--mode', mode);
    expect(said).toMatch(/damaged|MAC is wrong/);
    expect(status).toBe(7);
    expect(look(vmid)).toEqual(before);
    setRunState(lab, vmid, 'stopped');
    await nothingLeft();
  });
});

/** Flips a byte in the first third of the largest packs, where data is. @returns what mends it */
function damage(folder: string): () => void {
  const packs = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile() && statSync(path).size > 1 << 20);
  const saved = packs.map((path) => ({ path, bytes: readFileSync(path) }));
  for (const { path, bytes } of saved) {
    const damaged = Buffer.from(bytes);
    for (let at = 1000; at < damaged.length - 10_000; at += 100_000) damaged[at] = (damaged[at] ?? 0) ^ 1;
    chmodSync(path, 0o600);
    writeFileSync(path, damaged);
  }
  return () => {
    for (const { path, bytes } of saved) writeFileSync(path, bytes);
  };
}

describe('a tool that breaks midway', () => {
  const CUT = 2_000_000;
  /** The tool sees the beginning of its archive only, as when its input breaks off. */
  const cutShort = (archive: string) => `case " $* " in
*" - "*) head -c ${CUT} | "$0.whole" "$@" ;;
*) truncate -s ${CUT} "$${archive}"; exec "$0.whole" "$@" ;;
esac`;
  const killed = 'kill -KILL $$';

  it.each<[string, string, readonly string[], string, string, string]>([
    [
      'qmrestore',
      'qemu/101',
      ['--vmid', '901', '--mode', 'streamed'],
      cutShort('1'),
      'only a stub of qemu/901 is left',
      'qm destroy 901',
    ],
    [
      'qmrestore',
      'qemu/101',
      ['--vmid', '901', '--mode', 'staged'],
      cutShort('1'),
      'only a stub of qemu/901 is left',
      'qm destroy 901',
    ],
    [
      'qmrestore',
      'qemu/101',
      ['--replace', '--mode', 'streamed'],
      cutShort('1'),
      'the disks that it had are gone',
      'qm destroy 101',
    ],
    ['qmrestore', 'qemu/101', ['--replace', '--mode', 'staged'], killed, 'qemu/101 is as it was before', ''],
    [
      'pct',
      'lxc/105',
      ['--vmid', '905', '--mode', 'streamed'],
      cutShort('3'),
      'nothing of lxc/905 is left',
      'restore again',
    ],
    [
      'pct',
      'lxc/105',
      ['--vmid', '905', '--mode', 'staged'],
      cutShort('3'),
      'nothing of lxc/905 is left',
      'restore again',
    ],
    [
      'pct',
      'lxc/105',
      ['--replace', '--mode', 'streamed'],
      cutShort('3'),
      'lxc/105 is gone',
      'the vmid is free',
    ],
  ])('%s for %s %j', async (tool, guest, more, script, state, next) => {
    const mend = breakTool(tool, script);
    const before = await recorded();
    const { said, status } = await restore(guest, ...more);
    mend();
    const told = more.includes('--replace') ? ['begun', 'failed'] : ['failed'];
    expect((await recorded()).slice(before.length).toSorted()).toEqual(told);
    expect(said).toContain(state);
    expect(said).toContain(next);
    expect(status).toBe(3);
    await nothingLeft();
    await putBack();
  });

  /** What the repository knows of restores. */
  async function recorded(): Promise<readonly string[]> {
    const password = readFileSync(join(place.folder, 'password'), 'utf8').trim();
    const repository = await openRepository(folderBackend(join(place.folder, 'repository')), password);
    const records = await readKnownRecords(repository, await readSnapshots(repository), ['restore']);
    return records.flatMap(({ record }) => (record.kind === 'restore' ? [record.outcome] : []));
  }

  /** Only `pct restore` is broken; the other commands of pct are as they were. */
  function breakTool(tool: string, script: string): () => void {
    const path = `${node.bin}/${tool}`;
    renameSync(path, `${path}.whole`);
    const others = tool === 'pct' ? '[ "$1" = restore ] || exec "$0.whole" "$@"\n' : '';
    writeFileSync(path, `#!/bin/sh\n${others}${script}\n`, { mode: 0o755 });
    return () => {
      rmSync(path);
      renameSync(`${path}.whole`, path);
    };
  }

  async function putBack(): Promise<void> {
    await node.exec('qm destroy 901; pct destroy 905; true');
    for (const guest of ['qemu/101', 'lxc/105'])
      expect(await restore(guest, '--replace')).toMatchObject({ status: 0, stderr: '' });
  }
});
