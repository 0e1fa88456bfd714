/** Looking into backups, through the whole program: dumps that QEMU and tar wrote, and a folder of restic's. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withSession } from '../../src/repository/repository.ts';
import { saveTree } from '../../src/repository/tree-writer.ts';
import { DumpedFiles, PASSWORD } from '../apply/dumped-file.ts';
import { snapshotFacts } from '../repository/snapshot-facts.ts';
import { atTerminal } from './at-terminal.ts';
import { type Ended, Workplace } from './program.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures');
interface Golden {
  readonly file: string;
  readonly drives: readonly { readonly name: string; readonly size: number; readonly sha256: string }[];
}
const golden: readonly Golden[] = JSON.parse(readFileSync(join(FIXTURES, 'vma/index.json'), 'utf8'));

let dumped: DumpedFiles;
let place: Workplace;
let earlier: string;
let later: string;
let container: string;

beforeAll(async () => {
  dumped = await DumpedFiles.start();
  place = new Workplace();
  place.write('password', `${PASSWORD}\n`);
  const backUp = async (type: 'qemu' | 'lxc', vmid: number, file: string) =>
    (await dumped.backUp({ type, vmid }, `gzip -dc '${join(FIXTURES, file)}'`)).snapshot;
  earlier = await backUp('qemu', 101, 'vma/live.vma.gz');
  later = await backUp('qemu', 101, 'vma/two-drives.vma.gz');
  container = await backUp('lxc', 205, 'tar/ct-205-mountpoints.tar.gz');
}, 120_000);
afterAll(async () => {
  place[Symbol.dispose]();
  await dumped[Symbol.asyncDispose]();
});

function withRepository(args: readonly string[]): readonly string[] {
  return [...args, '--repo', join(dumped.folder, 'repository'), '--password-file', 'password'];
}

function pvebak(...args: readonly string[]): Promise<Ended> {
  return place.pvebak(...withRepository(args));
}

/** The program in a line for bash; `$PVEBAK ls qemu/101 $REPO` */
function inShell(line: string): Promise<Ended> {
  const program = place.line().replace(/^cd .*? && /, '');
  return place.command('bash', '-c', `PVEBAK='${program}'; REPO='${withRepository([]).join(' ')}'; ${line}`);
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function goldenDrive(file: string, name: string) {
  const drive = golden.find((one) => one.file === file)?.drives.find((one) => one.name === name);
  if (drive === undefined) throw new Error(`no ${name} in ${file}`);
  return drive;
}

describe('pvebak ls', () => {
  it("lists a guest's folder, of its newest snapshot", async () => {
    const { stdout, stderr, status } = await pvebak('ls', 'qemu/101');
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    expect(stdout.split('\n').map((line) => line.split('  ').at(-1))).toEqual([
      'archive',
      'drive-efidisk0',
      'drive-scsi0',
      'pvebak.json',
      'qemu-server.conf',
      'qemu-server.fw',
      'vzdump.log',
      '',
    ]);
    expect(stdout).toMatch(/^drwx------ {2}0:0 {13}- {2}1970-01-01 00:00 {2}archive$/m);
  });

  it('lists all that is below a folder, with whole paths', async () => {
    const { stdout } = await pvebak('ls', earlier.slice(0, 8), '/qemu/101/drive-scsi0', '-r');
    expect(stdout).toBe(
      '-rw-------  0:0      50331648  1970-01-01 00:00  /qemu/101/drive-scsi0/drive-scsi0.raw\n',
    );
  });

  it('lists for machines', async () => {
    const { stdout } = await pvebak('ls', 'latest', '--guest', 'lxc/205', 'rootfs/etc/hostname', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      path: '/lxc/205/rootfs/etc/hostname',
      type: 'file',
      mode: '0644',
      size: 7,
    });
  });

  it.each([
    [['ls', 'qemu/999'], 1, 'there is no snapshot of qemu/999'],
    [['ls', 'qemu/101', 'drive-scsi9'], 1, 'holds no drive-scsi9 in /qemu/101'],
    [['ls', 'latest'], 1, 'latest of what?'],
  ])('%j says what is wrong', async (args, status, message) => {
    const ended = await pvebak(...args);
    expect(ended).toMatchObject({ stdout: '', status, stderr: expect.stringContaining(message) });
  });
});

describe('pvebak dump', () => {
  it('writes a disk into a sparse file that only its owner may read', async () => {
    const drive = goldenDrive('live.vma.gz', 'drive-scsi0');
    const ended = await pvebak('dump', earlier, 'drive-scsi0/drive-scsi0.raw', '--target', 'scsi0.raw');
    expect(ended).toEqual({ stdout: '', stderr: '', status: 0 });
    const target = join(place.folder, 'scsi0.raw');
    const { size, mode, blocks } = statSync(target);
    expect({ size, mode: mode & 0o777 }).toEqual({ size: drive.size, mode: 0o600 });
    expect(blocks * 512).toBeLessThan(size / 2);
    expect(sha256(readFileSync(target))).toBe(drive.sha256);
  });

  it('does not replace a file unless it is told to', async () => {
    place.write('there', 'precious');
    const args = ['dump', earlier, 'qemu-server.conf', '--target', 'there'];
    expect(await pvebak(...args)).toMatchObject({ status: 1, stderr: expect.stringContaining('--force') });
    expect(readFileSync(join(place.folder, 'there'), 'utf8')).toBe('precious');
    expect(await pvebak(...args, '--force')).toMatchObject({ status: 0 });
    expect(readFileSync(join(place.folder, 'there'), 'utf8')).toContain('scsi0:');
  });

  it('writes a disk to a pipe, zeros and all', async () => {
    const drive = goldenDrive('live.vma.gz', 'drive-virtio1');
    const { stdout } = await inShell(
      `$PVEBAK dump ${earlier} drive-virtio1/drive-virtio1.raw $REPO | sha256sum`,
    );
    expect(stdout).toContain(drive.sha256);
  });

  it("writes a container's archive as vzdump sent it, and a folder as a tar", async () => {
    const sent = `gzip -dc '${join(FIXTURES, 'tar/ct-205-mountpoints.tar.gz')}' | sha256sum`;
    const { stdout: original } = await place.command('bash', '-c', sent);
    const archive = `$PVEBAK dump ${container} archive/vzdump-lxc-205.tar $REPO | sha256sum`;
    expect((await inShell(archive)).stdout).toBe(original);
    const { stdout } = await inShell(`$PVEBAK dump ${container} rootfs/etc $REPO | tar -xO ./hostname`);
    expect(stdout).toBe('ct-mps\n');
  });

  it('ends quietly when nobody reads on', async () => {
    const line = `$PVEBAK dump ${earlier} drive-scsi0/drive-scsi0.raw $REPO | head -c 5 | wc -c; echo \${PIPESTATUS[0]}`;
    expect(await inShell(line)).toMatchObject({ stdout: '5\n141\n', stderr: '' });
    expect(readdirSync(join(dumped.folder, 'repository/locks'))).toEqual([]);
  });

  it('shows text on a terminal, and keeps all else from it', async () => {
    const shown = await atTerminal(place, withRepository(['dump', 'qemu/101', 'qemu-server.conf']), []);
    expect(shown).toMatchObject({ status: 0, stdout: expect.stringContaining('scsi0:') });
    const path = 'drive-scsi0/drive-scsi0.raw';
    const refused = await atTerminal(place, withRepository(['dump', 'qemu/101', path]), []);
    expect(refused).toMatchObject({ status: 1, stdout: expect.stringContaining('no text for a terminal') });
  });

  it('leaves no target when a disk is not the one that was backed up', async () => {
    const snapshot = await saveForgedDisk();
    const args = ['dump', snapshot, 'drive-scsi0/drive-scsi0.raw'];
    expect(await pvebak(...args, '--target', 'forged.raw')).toMatchObject({
      status: 7,
      stderr: expect.stringContaining('its list of blobs is not the one that was backed up'),
    });
    expect(readdirSync(place.folder).filter((name) => name.includes('forged'))).toEqual([]);
    expect((await pvebak(...args)).status).toBe(7);
  });

  it('leaves neither target nor lock when it is interrupted', async () => {
    const args = ['dump', earlier, 'drive-scsi0/drive-scsi0.raw', '--target', 'late.raw'];
    const node = ['--import', `data:text/javascript,${encodeURIComponent(INTERRUPT_MIDWAY)}`];
    const { status, stderr } = await place.start(withRepository(args), { node }).ended;
    expect({ status, stderr }).toEqual({ status: 130, stderr: 'pvebak: interrupted\n' });
    expect(readdirSync(place.folder).filter((name) => name.includes('late.raw'))).toEqual([]);
    expect(readdirSync(join(dumped.folder, 'repository/locks'))).toEqual([]);
  });
});

/** Interrupts the program that it runs in as soon as that has begun to write. */
const INTERRUPT_MIDWAY = `
import { readdirSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
const timer = setInterval(() => {
  if (!isMainThread || !readdirSync('.').some((name) => name.endsWith('.partial'))) return;
  clearInterval(timer);
  process.kill(process.pid, 'SIGTERM');
}, 1).unref();
`;

/** Two blobs in the order in which they were not. */
function saveForgedDisk(): Promise<string> {
  return withSession(dumped.repository, { lock: 'shared', threads: 1 }, async (session) => {
    const { writer } = session;
    const save = async (text: string) => (await writer.save('data', new Uint8Array(Buffer.from(text)))).id;
    const facts = { mode: 0o600, mtime: '1970-01-01T00:00:00Z' };
    const folder = async (name: string, nodes: Parameters<typeof saveTree>[1]) =>
      ({
        ...facts,
        type: 'dir',
        name: Buffer.from(name),
        subtree: (await saveTree(writer, nodes)).id,
      }) as const;
    const file = (name: string, size: number, content: readonly Awaited<ReturnType<typeof save>>[]) =>
      ({ ...facts, type: 'file', name: Buffer.from(name), size, content }) as const;
    const record = JSON.stringify({ disks: [{ device: 'drive-scsi0', listDigest: '0'.repeat(64) }] });
    const disk = file('drive-scsi0.raw', 8, [await save('two.'), await save('one.')]);
    const guest = await folder('150', [
      await folder('drive-scsi0', [disk]),
      file('pvebak.json', record.length, [await save(record)]),
    ]);
    const root = await saveTree(writer, [await folder('qemu', [guest])]);
    return (await session.saveSnapshot(snapshotFacts(root.id, { paths: ['/qemu/150'] }))).id;
  });
}

describe('pvebak diff', () => {
  it('shows the configuration line by line, and how much of each disk can have changed', async () => {
    const { stdout, status } = await pvebak('diff', earlier, 'qemu/101');
    expect(status).toBe(0);
    expect(stdout).toContain(`--- qemu-server.conf  ${earlier.slice(0, 8)} qemu/101 20`);
    expect(stdout).toContain('\n-memory: 192\n');
    expect(stdout).toContain('\n+memory: 2048\n');
    expect(stdout).toMatch(/\n~ drive-scsi0 {2}shrunk from 48 MiB to 40 MiB, at most [\d.]+ MiB changed/);
    expect(stdout).toMatch(/\n- drive-virtio1 {2}removed, 8 MiB\n/);
    expect(stdout).toMatch(/\n1 configuration, 2 volumes \(at most [\d.]+ MiB\)\n$/);
  });

  it('of a snapshot with itself finds nothing', async () => {
    expect((await pvebak('diff', later, later)).stdout).toBe('no differences\n');
    expect((await pvebak('diff', later, later, '--json')).stdout).toBe('');
  });

  it('tells machines', async () => {
    const { stdout } = await pvebak('diff', earlier, later, '--json');
    const told: readonly object[] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(told).toContainEqual(expect.objectContaining({ kind: 'text', name: 'qemu-server.conf' }));
    expect(told).toContainEqual(
      expect.objectContaining({ kind: 'volume', name: 'drive-virtio1', before: 8 << 20, mostChanged: 0 }),
    );
  });
});

describe('pvebak find', () => {
  it('finds a name in all snapshots, under the snapshot that holds it', async () => {
    const { stdout } = await pvebak('find', 'drive-virtio?.raw');
    expect(stdout.replace(/20\d\d-\d\d-\d\d \d\d:\d\d UTC/, 'TIME')).toBe(
      `${earlier.slice(0, 8)}  TIME  pve  qemu/101\n  -rw-------  0:0       8388608  1970-01-01 00:00  /qemu/101/drive-virtio1/drive-virtio1.raw\n`,
    );
  });

  it("finds a container's file, for machines", async () => {
    const { stdout } = await pvebak('find', 'HOSTNAME', '-i', '--guest', 'lxc/205', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      snapshot: container,
      guest: 'lxc/205',
      host: 'pve',
      path: '/lxc/205/rootfs/etc/hostname',
    });
  });

  it('looks only where it is told to', async () => {
    expect(await pvebak('find', '*.raw', '--snapshot', container.slice(0, 8))).toEqual({
      stdout: '',
      stderr: 'nothing of that name in 1 snapshot\n',
      status: 0,
    });
  });

  it('refuses a path', async () => {
    expect(await pvebak('find', 'etc/hostname')).toMatchObject({ status: 1, stdout: '' });
  });
});
