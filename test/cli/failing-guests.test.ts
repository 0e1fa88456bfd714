/** What cannot be asked, and what cannot be dumped: the run says which and why, does all else, and exits with 3. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addCt, addVm, moveGuest } from '../lab/guests.ts';
import { type Lab, startLab } from '../lab/lab.ts';
import { byIdentity, byPassword, labSite } from './lab-site.ts';
import { flat, Workplace } from './program.ts';

const ALL = '{ name: all, host: pve, all: true }';
let lab: Lab;
let place: Workplace;

beforeAll(async () => {
  lab = await startLab({ nodes: ['pve1', 'pve2'] });
  place = new Workplace();
  const disk = { key: 'scsi0', sizeBytes: 4 << 20, content: { kind: 'random', bytes: 4 << 20 } } as const;
  addVm(lab, 'pve1', { vmid: 101, name: 'web', disks: [disk] });
  addVm(lab, 'pve1', { vmid: 102, name: 'mail' });
  addVm(lab, 'pve1', { vmid: 104, name: 'stuck', lock: 'backup' });
  addCt(lab, 'pve1', { vmid: 105, hostname: 'git' });
  addVm(lab, 'pve2', { vmid: 201, name: 'elsewhere' });
  await place.makeRepository();
});

afterAll(async () => {
  place[Symbol.dispose]();
  await lab.stop();
});

function siteFor(vmids: string, host: Readonly<Record<string, string>> = {}, node = 'pve1'): string {
  const hosts = { pve: byIdentity(lab.node(node), host) };
  return labSite({ hosts, backups: [`{ name: all, host: pve, vmid: [${vmids}], rpo: 1s }`] });
}

/** What must not be left behind: locks in the repository, and anything in the nodes' dump folders. */
async function leftovers(): Promise<readonly string[]> {
  const listed = await Promise.all(lab.nodes.map((node) => node.exec('ls -A /var/lib/vz/dump')));
  return [...place.stored('locks'), ...listed.map(({ stdout }) => stdout)].filter((text) => text !== '');
}

describe('plan', () => {
  it('tells of each host that it could not ask, with what to do, and exits with 3', async () => {
    const [pve1, pve2] = [lab.node('pve1'), lab.node('pve2')];
    place.write('nobody-known', '');
    const hosts = {
      unknown: byIdentity(pve1).map((line) => line.replace(/^host_key: .*/, 'known_hosts: ./nobody-known')),
      changed: byIdentity(pve1, { host_key: pve2.hostKeyFingerprint }),
      closed: byIdentity(pve1, { location: 'proxmox://127.0.0.1:1' }),
      refusing: byPassword(pve1, 'not-the-password'),
    };
    const backups = ['{ name: all, hosts: [unknown, changed, closed, refusing], all: true }'];
    place.write('unreachable.yaml', labSite({ hosts, backups }));
    const { stdout, status } = await place.pvebak('plan', 'unreachable.yaml', '--detailed-exitcode');
    const said = flat(stdout);
    expect(said).toContain('INCOMPLETE 4');
    expect(said).toMatch(
      new RegExp(
        `host unknown .* is not known: ssh-ed25519 SHA256:.*host_key: ${escaped(pve1.hostKeyFingerprint)}`,
      ),
    );
    expect(said).toMatch(
      new RegExp(`host changed .*IS NOT THE KNOWN ONE.*but known is ${escaped(pve2.hostKeyFingerprint)}`),
    );
    expect(said).toMatch(/host closed could not be asked: .*127\.0\.0\.1:1.*connection refused/);
    expect(said).toMatch(/host refusing could not be asked: .* refused the login of root.*conn_password/);
    expect(said).toContain('Nothing can be done now.');
    expect(status).toBe(3);
  });

  it('tells of each guest that it cannot back up, and shows what it can', async () => {
    place.write('guests.yaml', siteFor('101, 104, 999'));
    const { stdout, status } = await place.pvebak('plan', 'guests.yaml', '--detailed-exitcode');
    const said = flat(stdout);
    expect(said).toContain('there is no guest 999 on pve');
    expect(said).toContain('qemu/104 stuck is locked (backup); if nothing works on it: qm unlock 104, or');
    expect(said).toContain('--allow unlock=qemu/104');
    expect(said).toMatch(/1 to back up .*2 problems\.$/);
    expect(status).toBe(3);
  });
});

describe('apply', () => {
  let before: readonly string[];
  beforeEach(() => {
    before = place.stored('snapshots');
  });

  it('does the others when one of three guests fails, and names the cause', async () => {
    place.write('three.yaml', siteFor('101, 102, 105'));
    lab.node('pve1').orderFault({ kind: 'short' });
    const { stdout, status } = await place.pvebak('apply', 'three.yaml', '--yes');
    expect(stdout).toMatch(
      /\n! backup qemu\/101 web: the dump of qemu\/101 is not whole: .*\(at byte \d+ of the stream\)/,
    );
    expect(stdout).toMatch(/\n\+ backup qemu\/102 mail: /);
    expect(stdout).toMatch(/\n\+ backup lxc\/105 git: /);
    expect(stdout).toMatch(/\n2 backed up, 1 failed: /);
    expect(status).toBe(3);
    expect(place.stored('snapshots')).toHaveLength(before.length + 2);
    expect(await leftovers()).toEqual([]);
  });

  it('takes the lock from a guest that a backup has left locked, when it is told to', async () => {
    place.write('stuck.yaml', siteFor('104'));
    expect((await place.pvebak('apply', 'stuck.yaml', '--yes')).status).toBe(3);
    const { stdout } = await place.succeed('apply', 'stuck.yaml', '--yes', '--allow', 'unlock=qemu/104');
    expect(flat(stdout)).toMatch(/\+ qemu\/104 stuck pve1 never backed up .*unlocked first/);
    expect(stdout).toMatch(/\n\+ backup qemu\/104 stuck: /);
  });

  it.each<FailingDump>([
    {
      what: 'a dump that is status 0 and no bytes',
      prepare: () => lab.node('pve1').orderFault({ kind: 'empty' }),
      message: /vzdump qemu\/101 on \S+ ended with status 0 and sent nothing/,
    },
    {
      what: 'bytes after the end of the archive',
      prepare: () => lab.node('pve1').orderFault({ kind: 'trailing', bytes: 19 }),
      message: /the dump of qemu\/101 is not whole/,
    },
    {
      what: 'a dump_dir that is not there',
      host: { dump_dir: '/nowhere' },
      message: /vzdump qemu\/101 on \S+ failed: .*dumpdir '\/nowhere' does not exist/,
    },
    {
      what: 'a node without vzdump',
      node: 'pve2',
      prepare: () => lab.node('pve2').removeTool('vzdump'),
      message: /there is no vzdump on \S+ \(is this a Proxmox VE node/,
    },
  ])('leaves no snapshot after $what', async ({ prepare, host, message, node = 'pve1' }) => {
    await prepare?.();
    place.write('one.yaml', siteFor(node === 'pve1' ? '101' : '201', host, node));
    const { stdout, status } = await place.pvebak('apply', 'one.yaml', '--yes');
    expect(flat(stdout)).toMatch(message);
    expect(status).toBe(3);
    expect(place.stored('snapshots')).toEqual(before);
    expect(await leftovers()).toEqual([]);
  });

  it('notices that a guest has moved to another node while it waited for its turn', async () => {
    place.write('slow.yaml', siteFor('101, 102', { vzdump: '{ bwlimit: 2MiB }' }));
    const run = place.start(['apply', 'slow.yaml', '--yes']);
    await run.says('backup qemu/101 web: begins');
    moveGuest(lab, 102, 'pve2');
    const { stdout, status } = await run.ended;
    expect(stdout).toMatch(/\n\+ backup qemu\/101 web: /);
    expect(stdout).toMatch(/\n[!-] backup qemu\/102 mail: .*(pve2|not on this node)/);
    expect(status).toBe(3);
    expect(place.stored('snapshots')).toHaveLength(before.length + 1);
    expect(await leftovers()).toEqual([]);
  });

  it('says that the disk is full, in a repository that has no room', async () => {
    const script = [
      'mkdir small && mount -t tmpfs -o size=3M tmpfs small && cp -a new/. small',
      `{ ${place.line('apply', 'full.yaml', '--yes')}; echo "status $?"; }`,
      'ls -A small/snapshots small/locks',
      'restic -r small -p password --no-cache --no-lock check',
    ].join(' && ');
    await place.makeRepository('new');
    const hosts = { pve: byIdentity(lab.node('pve1')) };
    const backups = ['{ name: all, host: pve, vmid: [101] }'];
    place.write('full.yaml', labSite({ hosts, backups, repository: './small' }));
    const { stdout } = await place.command('unshare', '--mount', 'sh', '-c', script);
    expect(stdout).toMatch(/\n! backup qemu\/101 web: .*small.*(ENOSPC|no space)/i);
    expect(stdout).toMatch(/\nstatus 3\n/);
    expect(stdout).toContain('\nsmall/locks:\n\nsmall/snapshots:\n');
    expect(stdout).toContain('no errors were found');
  });
});

it('a node that is off makes the plan incomplete, and names its guests', async () => {
  await lab.node('pve2').stop();
  place.write('all.yaml', labSite({ hosts: { pve: byIdentity(lab.node('pve1')) }, backups: [ALL] }));
  const { stdout, status } = await place.pvebak('plan', 'all.yaml');
  expect(flat(stdout)).toMatch(/node pve2 of pve is offline, with 2 guests: .*qemu\/201/);
  expect(status).toBe(3);
});

interface FailingDump {
  readonly what: string;
  readonly prepare?: () => unknown;
  /** Keys of the host entry. */
  readonly host?: Readonly<Record<string, string>>;
  /** Default: pve1. */
  readonly node?: string;
  readonly message: RegExp;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
