/** `pvebak verify` as users run it: what it says, what it keeps, and how it ends. */
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addCt, addVm } from '../lab/guests.ts';
import { type Lab, startLab } from '../lab/lab.ts';
import { byIdentity, labSite } from './lab-site.ts';
import { flat, Workplace } from './program.ts';

const WHOLE =
  /^main \(\S+\): checked the structure of everything in \d+ s: 1 key, \d+ index(es)?, \d+ packs, \d+ trees, 2 snapshots\nwhole: 2 snapshots, no fault found\n$/;
let lab: Lab;
let place: Workplace;

beforeAll(async () => {
  lab = await startLab();
  place = new Workplace();
  const scsi0 = { key: 'scsi0', sizeBytes: 24 << 20, content: { kind: 'random', bytes: 20 << 20 } } as const;
  addVm(lab, 'pve1', { vmid: 101, name: 'web', disks: [scsi0] });
  addCt(lab, 'pve1', { vmid: 105, hostname: 'git' });
  const hosts = { pve: byIdentity(lab.node('pve1')) };
  place.write('site.yaml', labSite({ hosts, backups: ['{ name: all, host: pve, all: true }'] }));
  await place.makeRepository();
  await place.succeed('apply', 'site.yaml', '--yes');
});

afterAll(async () => {
  place[Symbol.dispose]();
  await lab.stop();
});

/** The largest pack: data of the VM. */
function largestPack(): string {
  const folder = join(place.folder, 'repository', 'data');
  const packs = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.length > 64);
  const [largest = ''] = packs.sort(
    (a, b) => statSync(join(folder, b)).size - statSync(join(folder, a)).size,
  );
  return join('data', largest);
}

function flipBit(file: string, at: number): void {
  const path = join(place.folder, 'repository', file);
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path, bytes, { mode: 0o600 });
}

async function guestsIds(): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await place.succeed('snapshots', 'site.yaml', '--json');
  const rows: readonly { guest: string; id: string }[] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  return new Map(rows.map(({ guest, id }) => [guest, id]));
}

describe('pvebak verify', () => {
  it('finds a repository whole, takes the site file where it lies, and leaves no lock', async () => {
    const { stdout, stderr, status } = await place.pvebak('verify');
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    expect(stdout).toMatch(WHOLE);
    expect(place.stored('locks')).toEqual([]);
  });

  it('needs no site', async () => {
    const { stdout } = await place.succeed('verify', '--repo', 'repository', '--password-file', 'password');
    expect(stdout).toContain('whole: 2 snapshots, no fault found');
  });

  it('keeps each result as a snapshot that restic takes, and that is nowhere listed as a backup', async () => {
    expect(place.stored('snapshots')).toHaveLength(4);
    expect((await place.succeed('snapshots', 'site.yaml')).stdout).toContain('\n2 snapshots\n');
    expect((await place.succeed('plan', 'site.yaml')).stdout).toContain('Nothing to do. 2 fresh.');
    expect(place.restic('check', '--read-data')).toContain('no errors were found');
    const record = JSON.parse(
      place.restic(
        'dump',
        'latest',
        '--path',
        '/pvebak',
        '--tag',
        'pvebak-record,kind=verify',
        '/pvebak/record.json',
      ),
    );
    expect(record).toMatchObject({
      version: 1,
      kind: 'verify',
      scope: 'repository',
      reading: 'structure',
      outcome: 'whole',
      whole: [{ path: '/qemu/101', hostname: 'pve' }, { path: '/lxc/105' }],
      damaged: [],
      faults: [],
    });
  });

  it('verifies the snapshots that are named, by the beginning of their ids', async () => {
    const id = (await guestsIds()).get('qemu/101') ?? '';
    const { stdout } = await place.succeed('verify', id.slice(0, 8), '--site', 'site.yaml', '--read-data');
    expect(stdout).toContain('checked the structure and all data of the named snapshots');
    expect(stdout).toMatch(
      /1 snapshot; read \d packs, [\d.]+ MiB, \d+ blobs\nwhole: 1 snapshot, no fault found/,
    );
  });

  it('reads a share, each time the next part, until all packs were read', async () => {
    const packs = readdirSync(join(place.folder, 'repository', 'data'), {
      recursive: true,
      encoding: 'utf8',
    });
    const before = packs.filter((name) => name.length > 64).length;
    const parts: string[] = [];
    let read = 0;
    for (let run = 0; run < 4; run++) {
      const { stdout } = await place.succeed('verify', '--read-data-subset', '40%');
      parts.push(/part (\d) of 3/.exec(stdout)?.[1] ?? '');
      if (run < 3) read += Number(/read (\d+) pack/.exec(stdout)?.[1] ?? 0);
    }
    expect(parts).toEqual(['1', '2', '3', '1']);
    expect(read).toBeGreaterThanOrEqual(before);
  });

  it.each([
    [['verify', 'site.yaml'], 'the site file is named with --site site.yaml'],
    [['verify', '0123'], 'there is no snapshot 0123'],
    [['verify', '--read-data-subset', '0%'], 'that is no share'],
    [['verify', '--read-data-subset', '4/3'], 'that is no share'],
    [['verify', '--read-data', '--read-data-subset', '5%'], 'exclude each other'],
  ])('%j says what is wrong', async (args, message) => {
    const { stderr, status } = await place.pvebak(...args);
    expect(stderr).toContain(message);
    expect(status).toBe(1);
  });

  it('ends soon after an interrupt, with 130, without a lock, and records nothing', async () => {
    const before = place.stored('snapshots').length;
    const run = place.start(['verify', '--read-data', '--json']);
    await run.says('"begun"');
    await sleep(300);
    const sent = Date.now();
    run.child.kill('SIGINT');
    const { stderr, status } = await run.ended;
    expect(Date.now() - sent).toBeLessThan(5000);
    expect({ stderr, status }).toEqual({
      stderr: 'pvebak: interrupted: nothing was recorded\n',
      status: 130,
    });
    expect(place.stored('snapshots')).toHaveLength(before);
    expect(place.stored('locks')).toEqual([]);
  });
});

describe('pvebak verify of a damaged repository', () => {
  it('ends with 7, names pack, blob, snapshot, guest and file, and says which snapshots are whole', async () => {
    const ids = await guestsIds();
    const pack = largestPack();
    flipBit(pack, 1000);
    const { stdout, stderr, status } = await place.pvebak('verify', '--read-data');
    flipBit(pack, 1000);
    expect({ stderr, status }).toEqual({ stderr: '', status: 7 });
    const web = ids.get('qemu/101')?.slice(0, 8);
    expect(stdout).toContain(`! ${pack}: the content does not match the name; 1 blob damaged or lost\n`);
    expect(stdout).toMatch(
      / {4}data blob [0-9a-f]{64} at offset \d+: its MAC is wrong\n {4}touches 1 snapshot:\n/,
    );
    expect(stdout).toMatch(
      new RegExp(
        `      ${web}  .* UTC  pve  qemu/101  /qemu/101/archive/vzdump-qemu-101.vma, /qemu/101/drive-scsi0/`,
      ),
    );
    expect(stdout).toContain(`  whole: lxc/105 of pve: ${ids.get('lxc/105')?.slice(0, 8)}\n`);
    expect(stdout).toContain('damaged: 1 fault; 1 of 2 snapshots whole\n');
  });

  it('knows from the last record of what a snapshot was whose file is damaged', async () => {
    const file = `snapshots/${(await guestsIds()).get('lxc/105')}`;
    flipBit(file, 40);
    const { stdout, status } = await place.pvebak('verify', '--json');
    flipBit(file, 40);
    const report = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
    expect(report).toMatchObject({
      kind: 'verified',
      faults: [{ fault: { file, what: 'the content does not match the name' } }],
      snapshots: [
        { name: { subject: { kind: 'guest', guest: 'lxc/105' }, hostname: 'pve' }, whole: false },
        { name: { subject: { kind: 'guest', guest: 'qemu/101' } }, whole: true },
      ],
    });
    expect(status).toBe(7);
  });

  it('and nothing else, while one snapshot file is damaged, is kept from being listed, looked into and planned for', async () => {
    const id = (await guestsIds()).get('lxc/105') ?? '';
    flipBit(`snapshots/${id}`, 40);
    rmSync(join(place.folder, '.cache'), { recursive: true });
    const listed = await place.pvebak('snapshots', 'site.yaml');
    const looked = await place.pvebak('ls', 'qemu/101');
    const planned = await place.pvebak('plan', 'site.yaml');
    flipBit(`snapshots/${id}`, 40);
    const told = `snapshots/${id}: the content does not match the name`;
    expect(listed).toMatchObject({ status: 0, stderr: `pvebak: main is damaged: ${told}; it is left out\n` });
    expect(listed.stdout).toContain('qemu/101');
    expect(listed.stdout).not.toContain('lxc/105');
    expect(looked).toMatchObject({ status: 0, stdout: expect.stringContaining('pvebak.json') });
    expect(planned.status).toBe(7);
    expect(flat(planned.stdout)).toContain(flat(`nothing is forgotten in main: ${told}`));
  });

  it('says of an index which snapshots need it, and records the result all the same', async () => {
    const [index = ''] = place.stored('index').filter((name) => name.length === 64);
    const before = place.stored('snapshots').length;
    flipBit(`index/${index}`, 40);
    const { stdout, status } = await place.pvebak('verify');
    flipBit(`index/${index}`, 40);
    expect(stdout).toContain(`! index/${index}: the content does not match the name\n`);
    expect(status).toBe(7);
    expect(place.stored('snapshots')).toHaveLength(before + 1);
  });

  it.each(['config', 'key'])('says of a damaged %s that it touches all', async (what) => {
    const [key = ''] = readdirSync(join(place.folder, 'repository', 'keys'));
    const file = what === 'key' ? `keys/${key}` : 'config';
    flipBit(file, 40);
    const { stdout, stderr, status } = await place.pvebak('verify');
    flipBit(file, 40);
    expect({ stderr, status }).toEqual({ stderr: '', status: 7 });
    expect(stdout).toContain(`! main: ${file}: `);
    expect(stdout).toContain('it touches all');
  });

  it('is put right when the files are', async () => {
    expect((await place.succeed('verify', '--read-data')).stdout).toContain('whole: 2 snapshots');
    expect(place.restic('check', '--read-data')).toContain('no errors were found');
  });
});

describe('on a terminal, pvebak verify', () => {
  it('shows packs, bytes and rate, and then the report', async () => {
    const line = `stty cols 120 rows 40; ${place.line('verify', '--read-data')}`;
    const terminal = ['script', '--quiet', '--return', '--command', line, '/dev/null'];
    const { stdout, status } = await place.command(...terminal);
    const text = stripVTControlCharacters(stdout);
    expect(text).toMatch(/packs: \d+ %, \d+ of \d+, .* of 20 MiB, .*\/s/);
    expect(text).toContain('whole: 2 snapshots, no fault found');
    expect(status).toBe(0);
  });
});

describe('pvebak repair index', () => {
  it('makes a repository whole again of which an index was damaged, as verify advises', async () => {
    const [index = ''] = place.stored('index').filter((name) => name.length === 64);
    flipBit(`index/${index}`, 40);
    const { stdout, status } = await place.pvebak('verify');
    expect(stdout).toContain('`pvebak repair index`; until then nothing can be restored');
    expect(status).toBe(7);
    const repaired = await place.succeed('repair', 'index');
    expect(repaired.stdout).toMatch(/: \d+ packs with \d+ blobs in 1 new index; \d+ old indexes removed\n/);
    expect((await place.succeed('verify', '--read-data')).stdout).toContain('whole: 2 snapshots');
    expect(place.restic('check', '--read-data')).toContain('no errors were found');
  });
});
