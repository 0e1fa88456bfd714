/** A disk of a snapshot as a network block device: with the clients that people have, and to the end. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withSession } from '../../src/repository/repository.ts';
import { makeDisk, readFileInDisk } from '../lab/disk-image.ts';
import { makeRepository, packsOf, saveVm } from '../nbd/disk-repository.ts';
import { NbdClient, READ, requestOf } from '../nbd/nbd-client.ts';
import { noise } from '../repository/noise.ts';
import { snapshotFacts } from '../repository/snapshot-facts.ts';
import { PASSWORD, type RunningProgram, Workplace } from './program.ts';

const MIB = 1 << 20;
const REPOSITORY = ['--repo', 'repository', '--password-file', 'password'];
const MOTD = 'a file of the virtual machine\n';
let place: Workplace;
let disk: string;
let snapshot: string;
let containerSnapshot: string;

beforeAll(async () => {
  place = new Workplace();
  disk = join(place.folder, 'disk.raw');
  const files = join(place.folder, 'files');
  mkdirSync(join(files, 'etc'), { recursive: true });
  writeFileSync(join(files, 'etc/motd'), MOTD);
  writeFileSync(join(files, 'data'), noise(20 * MIB, 1));
  makeDisk(disk, 128 * MIB, { kind: 'folder', path: files });
  const repository = await makeRepository(join(place.folder, 'repository'), PASSWORD);
  const chunk = 256 << 10;
  const spilled = [chunk, chunk, 65536, 65536, 65536, 65536];
  const saved = await saveVm(repository, [
    { name: 'drive-scsi0', bytes: readFileSync(disk), lengths: spilled },
    { name: 'drive-efidisk0', bytes: Buffer.from(noise(528 << 10, 2)) },
    { name: 'drive-tpmstate0-backup', bytes: Buffer.from(noise(4 * MIB, 3)) },
  ]);
  snapshot = saved.id;
  const container = snapshotFacts(saved.tree, { paths: ['/lxc/105'] });
  containerSnapshot = await withSession(
    repository,
    { lock: 'shared' },
    async (session) => (await session.saveSnapshot(container)).id,
  );
});

afterAll(() => place[Symbol.dispose]());

/** A `pvebak nbd` that runs until it is disposed of. */
class Served implements AsyncDisposable {
  readonly run: RunningProgram;

  static async start(...args: readonly string[]): Promise<Served> {
    const run = place.start(['nbd', ...args, ...REPOSITORY]);
    await run.says('Ctrl-C here ends it');
    return new Served(run);
  }

  private constructor(run: RunningProgram) {
    this.run = run;
  }

  get socket(): string {
    return /^socket: (.+)$/m.exec(this.run.stdout)?.[1] ?? '';
  }

  get uri(): string {
    return `nbd+unix:///?socket=${this.socket}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.run.child.kill('SIGINT');
    await this.run.ended;
  }
}

async function command(...argv: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await place.command(...argv);
  if (status !== 0) throw new Error(`${argv.join(' ')} ended with ${status}:\n${stdout}${stderr}`);
  return stdout;
}

describe('a disk that is served', () => {
  let served: Served;
  beforeAll(async () => {
    served = await Served.start(snapshot, 'scsi0');
  });
  afterAll(() => served[Symbol.asyncDispose]());

  it('is the same, byte for byte, for qemu-img', async () => {
    expect(await command('qemu-img', 'compare', '-f', 'raw', '-F', 'raw', served.uri, disk)).toBe(
      'Images are identical.\n',
    );
    await command('qemu-img', 'convert', '-f', 'raw', '-O', 'raw', served.uri, 'converted');
    await command('cmp', 'converted', disk);
  });

  it('has its holes for qemu-img, so that a copy is as small as it was', async () => {
    const map: readonly { length: number; data: boolean }[] = JSON.parse(
      await command('qemu-img', 'map', '--output=json', '-f', 'raw', served.uri),
    );
    const data = map.filter((one) => one.data).reduce((sum, { length }) => sum + length, 0);
    expect(data).toBeLessThan(30 * MIB);
    expect(statSync(join(place.folder, 'converted')).blocks * 512).toBeLessThan(30 * MIB);
  });

  it('is described to nbdinfo, and copied over four connections by nbdcopy', async () => {
    const { exports }: { exports: readonly object[] } = JSON.parse(
      await command('nbdinfo', '--json', served.uri),
    );
    expect(exports).toMatchObject([
      {
        'export-name': 'drive-scsi0',
        description: expect.stringContaining(
          `qemu/101 of 2026-11-22 17:00 UTC, snapshot ${snapshot.slice(0, 8)}`,
        ),
        'export-size': 128 * MIB,
        is_read_only: true,
        can_multi_conn: true,
        contexts: ['base:allocation'],
      },
    ]);
    await command('nbdcopy', '--connections=4', served.uri, 'copied');
    await command('cmp', 'copied', disk);
  });

  it("is listed by nbd-client, and understood up to where it needs the kernel's module", async () => {
    const listed = await place.command('nbd-client', '-l', '-unix', served.socket);
    expect(`${listed.stdout}${listed.stderr}`).toContain('drive-scsi0: qemu/101 of');
    const name = ['-name', 'drive-scsi0', '-readonly'];
    const attached = await place.command('nbd-client', '-unix', served.socket, ...name, '/dev/nbd-none');
    expect(`${attached.stdout}${attached.stderr}`).toMatch(/size = 128MB[\s\S]*Invalid nbd device target/);
  });

  it('is attached by qemu-nbd with the arguments that are shown (here to another socket, for want of a kernel module)', async () => {
    const line = /^ {2}qemu-nbd --connect=\/dev\/nbd0 (.+)$/m.exec(served.run.stdout)?.[1];
    const other = join(place.folder, 'other');
    const script = `qemu-nbd --socket=${other} ${line} & until [ -S ${other} ]; do sleep 0.1; done`;
    await command(
      'sh',
      '-c',
      `${script}; qemu-img compare -f raw -F raw 'nbd+unix:///?socket=${other}' ${disk}`,
    );
  });

  it(`gives a file of the virtual machine: ${fileWay().title}`, async () => {
    expect(await fileWay().read(served.uri, '/etc/motd')).toBe(MOTD);
  });

  it('is never written to', async () => {
    const written = await place.command('nbdcopy', disk, served.uri);
    expect(written).toMatchObject({ status: 1, stderr: expect.stringContaining('read-only') });
    await command('qemu-img', 'compare', '-f', 'raw', '-F', 'raw', served.uri, disk);
  });

  it('is behind a socket that nobody else may open, and the repository is locked meanwhile', () => {
    expect(statSync(served.socket).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(served.socket)).mode & 0o777).toBe(0o700);
    expect(place.stored('locks')).toHaveLength(1);
  });
});

describe('which disk', () => {
  it.each([
    ['by its name in the archive', ['drive-efidisk0'], '528 KiB'],
    ['by its key', ['efidisk0'], '528 KiB'],
    ['the state of a TPM', ['tpmstate0'], '4 MiB'],
    ['of the latest snapshot', ['scsi0', '--guest', 'qemu/101'], '128 MiB'],
  ])('is said %s', async (_, [name = '', ...options], size) => {
    const wanted = options.length > 0 ? 'latest' : snapshot.slice(0, 8);
    await using served = await Served.start(wanted, name, ...options);
    expect(served.run.stdout).toContain(`: ${size}, read-only\n`);
  });

  it.each([
    [
      'a disk that is not there',
      () => [snapshot, 'scsi1'],
      'no disk scsi1\n  it has: efidisk0, scsi0, tpmstate0',
    ],
    ['a snapshot that is not there', () => ['0123456789', 'scsi0'], 'there is no snapshot 0123456789'],
    ['a container', () => [containerSnapshot, 'rootfs'], 'is a container: it has files, and no disks'],
    ['the latest of nobody', () => ['latest', 'scsi0'], 'give --guest qemu/101'],
    ['the latest of many', () => ['latest', 'scsi0', '--guest', 'qemu/101,lxc/105'], 'is no guest'],
    ['a guest beside an id', () => [snapshot, 'scsi0', '--guest', 'qemu/101'], 'leave it out'],
    ['a place where there is a file', () => [snapshot, 'scsi0', '--socket', 'disk.raw'], 'is there already'],
  ])('is not %s', async (_, args, message) => {
    const ended = await place.pvebak('nbd', ...args(), ...REPOSITORY);
    expect(ended).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining(message) });
    expect(place.stored('locks')).toEqual([]);
  });
});

describe('the end', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    'by %s, when nobody reads, is 0 and leaves nothing',
    async (signal) => {
      const { run, socket } = await Served.start(snapshot, 'scsi0');
      run.child.kill(signal);
      expect(await run.ended).toMatchObject({ status: 0, stderr: '' });
      expect(existsSync(dirname(socket))).toBe(false);
      expect(place.stored('locks')).toEqual([]);
    },
  );

  it('is 130 when it took the disk away from a client', async () => {
    const { run, socket } = await Served.start(snapshot, 'scsi0', '--socket', 'here');
    expect(socket).toBe(join(place.folder, 'here'));
    await using client = await NbdClient.reading(socket);
    await run.says('1 client connected');
    run.child.kill('SIGINT');
    expect(await run.ended).toMatchObject({ status: 130, stderr: '' });
    expect(await client.rest()).toHaveLength(0);
    expect(existsSync(socket)).toBe(false);
  });

  it('comes with the last client after --once', async () => {
    const { run, uri } = await Served.start(snapshot, 'efidisk0', '--once');
    await command('nbdcopy', uri, 'efidisk');
    expect(await run.ended).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(join(place.folder, 'efidisk')).equals(Buffer.from(noise(528 << 10, 2)))).toBe(true);
  });
});

describe('damage in the repository', () => {
  it('is an error for who reads there, is named, and ends with 7; all else is served', async () => {
    await command('cp', '-r', 'repository', 'damaged');
    const pack = largest(await packsOf(join(place.folder, 'damaged')));
    const bytes = readFileSync(pack);
    const middle = bytes.length >> 1;
    bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle);
    writeFileSync(pack, bytes);
    const run = place.start(['nbd', snapshot, 'scsi0', '--repo', 'damaged', ...REPOSITORY.slice(2)]);
    await run.says('Ctrl-C here ends it');
    const socket = /^socket: (.+)$/m.exec(run.stdout)?.[1] ?? '';
    const copied = await place.command('nbdcopy', `nbd+unix:///?socket=${socket}`, 'partly');
    expect(copied).toMatchObject({ status: 1, stderr: expect.stringContaining('Input/output error') });
    await using client = await NbdClient.reading(socket);
    client.write(requestOf({ type: READ, offset: 1024, length: 4096 }));
    const { data } = await client.simpleReply(4096);
    expect(data.equals(readFileSync(disk).subarray(1024, 5120))).toBe(true);
    run.child.kill('SIGINT');
    const { status, stderr } = await run.ended;
    expect(status).toBe(7);
    expect(stderr.match(/data blob [0-9a-f]{64} at offset \d+: /g)).toHaveLength(1);
  });
});

function largest(paths: readonly string[]): string {
  const [first = ''] = paths.toSorted((a, b) => statSync(b).size - statSync(a).size);
  return first;
}

interface FileWay {
  readonly title: string;
  read(uri: string, path: string): Promise<string>;
}

/** This kernel may have no nbd module; nbdfuse makes a file of the disk that can be mounted as well. */
function fileWay(): FileWay {
  const probe = ['--mount', 'mount', '-t', 'tmpfs', 'none', '/mnt'];
  const mounts = ['/dev/fuse', '/dev/loop0'].every(existsSync) && spawnSync('unshare', probe).status === 0;
  return mounts
    ? { title: 'nbdfuse, then mount -o ro,norecovery', read: readMounted }
    : { title: 'a copy, then debugfs', read: readCopied };
}

function readMounted(uri: string, path: string): Promise<string> {
  const script = `
    mkdir fuse mounted
    nbdfuse --readonly fuse/disk '${uri}' &
    until [ -e fuse/disk ]; do sleep 0.1; done
    mount -o ro,norecovery,loop fuse/disk mounted
    cat mounted${path}
    umount mounted
    umount fuse
    wait`;
  return command('unshare', '--mount', 'sh', '-ec', script);
}

async function readCopied(uri: string, path: string): Promise<string> {
  await command('nbdcopy', uri, 'to-look-into');
  return readFileInDisk(join(place.folder, 'to-look-into'), path).toString('utf8');
}
