import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import {
  addCt,
  addPool,
  addVm,
  changeFileInVmDisk,
  containerFolder,
  diskFile,
  readFileInVmDisk,
} from '../lab/guests.ts';
import { startLab } from '../lab/lab.ts';
import { ShownCommands } from './shown-commands.ts';

/**
 * The main job as a first lesson: each command is printed before it runs. Everything happens in a temporary folder and
 * on loopback ports, with stand-ins for the tools of Proxmox VE behind real OpenSSH servers.
 */
const MEGABYTE = 1 << 20;
const work = mkdtempSync(join(tmpdir(), 'pvebak-demo-'));
const begun = Date.now();
const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => interrupted.abort());

try {
  await using lab = await startLab();
  const shell = new ShownCommands(work, interrupted.signal);
  const node = lab.node('pve1');

  shell.say(
    'A node of Proxmox VE with two guests, in the pool prod: VM 101 with an ext4 disk, and container 105.',
  );
  addVm(lab, 'pve1', {
    vmid: 101,
    name: 'web-1',
    tags: ['gold'],
    efidisk: true,
    disks: [
      { key: 'scsi0', sizeBytes: 256 * MEGABYTE, content: { kind: 'folder', path: sampleFolder('disk') } },
    ],
  });
  addCt(lab, 'pve1', { vmid: 105, hostname: 'git', unprivileged: true, rootfs: sampleFolder('rootfs') });
  addPool(lab, { id: 'prod', vmids: ['101', '105'] });

  shell.say('One file under version control says what must be restorable.');
  writeFileSync(join(work, 'site.yaml'), siteFile(node));
  writeFileSync(join(work, 'password'), 'a long sentence that nobody guesses\n', { mode: 0o600 });
  await shell.run('cat site.yaml');
  await shell.run('pvebak init site.yaml');

  shell.say('What would be done, and why? A plan reads only; it writes nothing anywhere.');
  await shell.run('pvebak plan site.yaml');
  await shell.run('pvebak apply site.yaml --yes');

  shell.say('Applying twice does nothing the second time.');
  await shell.run('pvebak plan site.yaml');

  shell.say(
    'A few files change in both guests. So that they are due at once, the rpo is set to a second here.',
  );
  changeFileInVmDisk(
    lab,
    { vmid: 101, key: 'scsi0' },
    { path: '/hello.txt', content: `changed at ${new Date().toISOString()}\n` },
  );
  writeFileSync(join(containerFolder(lab, 105), 'etc/motd'), 'changed\n');
  const disk = await digestOf(diskFile(lab, 101, 'scsi0'));
  await shell.run("sed -i 's/rpo: 24h/rpo: 1s/' site.yaml");
  await shell.run('pvebak apply site.yaml --yes');
  await shell.run("sed -i 's/rpo: 1s/rpo: 24h/' site.yaml");
  const listed = await shell.run('pvebak snapshots site.yaml');

  shell.say('Both come back under new vmids, beside the originals.');
  await shell.run(`pvebak restore ${newest(listed, 'qemu/101')} --to pve --vmid 901 --unique --yes`);
  await shell.run(`pvebak restore ${newest(listed, 'lxc/105')} --to pve --vmid 905 --unique --yes`);

  shell.say('Are they the same?');
  check(
    'the disk of VM 901 is the disk of VM 101, bit for bit',
    (await digestOf(diskFile(lab, 901, 'scsi0'))) === disk,
  );
  check(
    'a file in it is the changed one',
    readFileInVmDisk(lab, { vmid: 901, key: 'scsi0' }, '/hello.txt').toString().startsWith('changed at '),
  );
  await shell.run(
    `diff -r --no-dereference ${containerFolder(lab, 105)} ${containerFolder(lab, 905)} --exclude vzdump && echo the same files`,
  );

  shell.say('And the way out without pvebak: the repository is one of restic.');
  await shell.run('restic -r repository -p password --no-cache check --read-data');
  await shell.run('restic -r repository -p password --no-cache ls latest --path /qemu/101');
  shell.say(`Done in ${Math.round((Date.now() - begun) / 1000)} s; everything that was started is stopped.`);
} finally {
  rmSync(work, { recursive: true, force: true });
}

function sampleFolder(name: string): string {
  const folder = join(work, `content-${name}`);
  mkdirSync(join(folder, 'etc'), { recursive: true });
  mkdirSync(join(folder, 'srv/data'), { recursive: true });
  writeFileSync(join(folder, 'etc/motd'), 'welcome\n');
  writeFileSync(join(folder, 'hello.txt'), 'hello\n');
  symlinkSync('hello.txt', join(folder, 'greeting'));
  for (let i = 0; i < 40; i++)
    writeFileSync(join(folder, `srv/data/${i}.bin`), pseudoRandom(MEGABYTE / 2, `${name} ${i}`));
  return folder;
}

/** The same bytes for the same seed; not compressible. */
function pseudoRandom(length: number, seed: string): Buffer {
  return createHash('shake256', { outputLength: length }).update(seed).digest();
}

function siteFile({
  host,
  port,
  identityFile,
  hostKeyFingerprint,
}: {
  host: string;
  port: number;
  identityFile: string;
  hostKeyFingerprint: string;
}): string {
  return `version: 1

repositories:
  main:
    path: ./repository
    password: { file: ./password }

hosts:
  pve:
    location: proxmox://${host}:${port}
    mode: remote
    conn_method: identity
    conn_identity_file: ${identityFile}
    host_key: ${hostKeyFingerprint}
    cleanup: true

backups:
  - name: production
    host: pve
    pool: prod
    rpo: 24h
`;
}

function newest(table: string, guest: string): string {
  const line = table.split('\n').findLast((each) => each.includes(guest));
  const id = line?.split(' ')[0];
  if (id === undefined) throw new Error(`no snapshot of ${guest}`);
  return id;
}

function check(what: string, holds: boolean): void {
  if (!holds) throw new Error(`NOT so: ${what}`);
  process.stdout.write(`  yes: ${what}\n`);
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
