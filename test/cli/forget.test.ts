/** Retention, from backups to what is left of them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { addCt } from '../lab/guests.ts';
import { type Lab, startLab } from '../lab/lab.ts';
import { byIdentity, labSite } from './lab-site.ts';
import { flat, Workplace } from './program.ts';

/** More than the policy's rpo. */
const OLD_MS = 1100;
let lab: Lab;
let place: Workplace;

beforeAll(async () => {
  lab = await startLab();
  place = new Workplace();
  addCt(lab, 'pve1', { vmid: 105, hostname: 'git' });
  const hosts = { pve: byIdentity(lab.node('pve1')) };
  const policy = '{ name: all, host: pve, all: true, rpo: 1s, retention: { keep-last: 2 } }';
  place.write('site.yaml', labSite({ hosts, backups: [policy] }));
  await place.makeRepository();
});

afterAll(async () => {
  place[Symbol.dispose]();
  await lab.stop();
});

/** Runs pvebak when the newest backup is too old by the policy. */
async function due(...args: readonly string[]) {
  await sleep(OLD_MS);
  return place.succeed(...args);
}

it('forgets nothing by --yes alone, and says so', async () => {
  for (let run = 1; run <= 3; run++) {
    const { stderr } = await due('apply', 'site.yaml', '--yes');
    expect(stderr).toBe(run < 3 ? '' : 'pvebak: nothing is forgotten, as --allow forget is not given\n');
    expect(place.stored('snapshots')).toHaveLength(run);
  }
});

it('shows in the plan what goes and, with --verbose, why the others stay', async () => {
  const { stdout } = await due('plan', 'site.yaml', '--verbose');
  const text = flat(stdout);
  expect(text).toContain('FORGET 2 of the 3 snapshots of these guests');
  expect(text).toMatch(/- lxc\/105 git .*\([0-9a-f]{8}\); 1 stay, once it is backed up/);
  expect(text).toContain('kept by keep-last of all');
  expect(text).toContain('1 to back up');
  expect(text).toContain('2 to forget.');
});

it('forgets them once the new backup is made, when that is allowed', async () => {
  const [before] = [place.stored('snapshots')];
  const { stdout } = await due('apply', 'site.yaml', '--yes', '--allow', 'forget');
  expect(stdout).toMatch(/\+ forget 2 snapshots of lxc\/105 git: [0-9a-f]{8} [0-9a-f]{8}\n/);
  expect(stdout).toContain('1 backed up, 2 snapshots forgotten: ');
  const left = place.stored('snapshots');
  expect(left).toHaveLength(2);
  expect(left.filter((id) => before?.includes(id))).toHaveLength(1);
  place.restic('check');
});

it('prune frees what only they had', async () => {
  const before = place.repositorySize();
  expect(await place.succeed('prune', 'site.yaml', '--max-unused', '0%')).toEqual({
    stdout: expect.stringMatching(/^main: .* freed, .* stay; \d+ packs? removed.*\n$/),
    stderr: '',
    status: 0,
  });
  expect(place.repositorySize()).toBeLessThan(before);
  expect((await place.succeed('prune', 'site.yaml')).stdout).toMatch(/^main: nothing to free; /);
  place.restic('check', '--read-data');
});

it.each(['5', '101%', 'all'])('prune --max-unused %s says what a share is', async (share) => {
  const { stderr, status } = await place.pvebak('prune', 'site.yaml', '--max-unused', share);
  expect(stderr).toContain('write 5%, or 0% for none');
  expect(status).toBe(1);
});

it('forgets without --allow what a saved plan says: whoever saved it has seen it', async () => {
  const before = place.stored('snapshots');
  expect(before).toHaveLength(2);
  await due('plan', 'site.yaml', '--out', 'plan.json');
  const { stdout } = await place.succeed('apply', 'plan.json');
  expect(stdout).toContain('1 backed up, 1 snapshot forgotten: ');
  expect(place.stored('snapshots')).toHaveLength(2);
});

it('forgets nothing of a guest whose backup failed', async () => {
  await due('apply', 'site.yaml', '--yes');
  expect(place.stored('snapshots')).toHaveLength(3);
  lab.node('pve1').orderFault({ kind: 'short' });
  await sleep(OLD_MS);
  const { stdout, status } = await place.pvebak('apply', 'site.yaml', '--yes', '--allow', 'forget');
  expect(stdout).toMatch(
    /\n- forget 2 snapshots of lxc\/105 git: its backup was not made, so that nothing is/,
  );
  expect(status).toBe(3);
  expect(place.stored('snapshots')).toHaveLength(3);
});

it('keeps what is pinned, shows it, and lets it go once it is unpinned', async () => {
  const [id = ''] = place.stored('snapshots');
  const pinned = await place.succeed('pin', id.slice(0, 12), '--reason', 'before the upgrade');
  expect(pinned.stdout).toMatch(
    new RegExp(`^${id.slice(0, 8)} \\(lxc/105, .*is kept until it is unpinned: before`),
  );
  expect((await place.succeed('snapshots')).stdout).toMatch(
    new RegExp(`^${id.slice(0, 8)} .*\\(pinned\\)$`, 'm'),
  );
  for (let run = 0; run < 2; run++) await due('apply', 'site.yaml', '--yes', '--allow', 'forget');
  expect(place.stored('snapshots')).toContain(id);
  expect((await place.succeed('unpin', id)).stdout).toContain('is no longer pinned');
  await due('apply', 'site.yaml', '--yes', '--allow', 'forget');
  expect(place.stored('snapshots')).not.toContain(id);
  expect(place.restic('check', '--read-data')).toContain('no errors were found');
});

it.each([
  [['pin', 'lxc/105', '--reason', 'x', '--until', '2001-01-01'], '--until 2001-01-01 is over'],
  [['pin', 'lxc/105', '--reason', 'x', '--until', 'soon'], '--until soon is no date'],
  [['pin', 'lxc/105'], '--reason'],
  [['ack', '4f1c'], '4f1c is no guest'],
  [['apply', 'site.yaml', '--allow', 'forget=105'], 'forget=qemu/101'],
])('%j is refused with what to write', async (args, message) => {
  const { stderr, status } = await place.pvebak(...args);
  expect(stderr).toContain(message);
  expect(status).toBe(1);
});

it('keeps an acknowledgement, which is nowhere listed as a backup', async () => {
  const { stdout } = await place.succeed('ack', 'lxc/105', '--reason', 'a new archive');
  expect(stdout).toMatch(/^lxc\/105: \d backups? acknowledged\n$/);
  const record = JSON.parse(
    place.restic('dump', 'latest', '--tag', 'pvebak-record,kind=ack', '/pvebak/record.json'),
  );
  expect(record).toMatchObject({ version: 1, kind: 'ack', reason: 'a new archive', snapshots: [{}, {}] });
});

it('is all found by a machine whose site file has no backups, and may name a repository that nobody has made', async () => {
  const site = labSite({ hosts: { pve: byIdentity(lab.node('pve1')) } });
  place.write('elsewhere.yaml', site.replace('hosts:', `${OTHER}\nhosts:`));
  expect((await place.succeed('snapshots', 'elsewhere.yaml')).stdout).toContain('2 snapshots');
  const target = ['--site', 'elsewhere.yaml', '--to', 'pve', '--vmid', '905', '--yes'];
  const { stdout } = await place.succeed('restore', '--latest', '--guests', 'lxc/105', ...target);
  expect(stdout).toContain('1 restored');
});

const OTHER = '  other:\n    path: ./not-there\n    password: { file: ./password }';

it('holds for a grace what a retention wanted before it became shorter, until that is allowed by name', async () => {
  const hosts = { pve: byIdentity(lab.node('pve1')) };
  const siteOf = (last: number) => {
    const policy = `{ name: all, host: pve, vmid: 105, rpo: 1s, retention: { keep-last: ${last} } }`;
    return labSite({ hosts, backups: [policy] }).replace(
      'hosts:',
      'guards: { policy_change_grace: 14d }\nhosts:',
    );
  };
  place.write('grace.yaml', siteOf(3));
  for (let run = 0; run < 2; run++) await due('apply', 'grace.yaml', '--yes', '--allow', 'forget');
  place.write('grace.yaml', siteOf(1));
  const { stdout } = await due('apply', 'grace.yaml', '--yes', '--allow', 'forget');
  expect(flat(stdout)).toContain('FORGET 1 of the 3 snapshots of these guests, 2 held');
  expect(flat(stdout)).toMatch(/! held until .*: all wanted more of it kept until .*\. If they may go:/);
  const released = await due('apply', 'grace.yaml', '--yes', '--allow', 'forget=lxc/105');
  expect(released.stdout).toMatch(/\+ forget 3 snapshots of lxc\/105 git:/);
  const records = JSON.parse(place.restic('snapshots', '--json', '--tag', 'pvebak-record,kind=policies'));
  expect(records).toHaveLength(2);
});

it('prunes what the site says when that is allowed, and knows when it did', async () => {
  const prune = 'prune: { every: 1s, max_unused: 0% }';
  const hosts = { pve: byIdentity(lab.node('pve1')) };
  const policy = '{ name: all, host: pve, vmid: 105, rpo: 1s, retention: { keep-last: 1 } }';
  place.write(
    'prune.yaml',
    labSite({ hosts, backups: [policy] }).replace('password:', `${prune}\n    password:`),
  );
  const { stdout, stderr } = await due('apply', 'prune.yaml', '--yes', '--allow', 'forget');
  expect(flat(stdout)).toMatch(/PRUNE - main never pruned wanted every 1 s; what no snapshot needs goes/);
  expect(stderr).toBe('pvebak: nothing is pruned, as --allow prune is not given\n');
  const before = place.repositorySize();
  const pruned = await due('apply', 'prune.yaml', '--yes', '--allow', 'prune');
  expect(pruned.stdout).toMatch(/\n\+ prune main: .* freed, .* stay; \d+ packs? removed/);
  const acknowledgements = ['--tag', 'pvebak-record,kind=ack'];
  expect(JSON.parse(place.restic('snapshots', '--json', ...acknowledgements))).toEqual([]);
  expect(place.repositorySize()).toBeLessThan(before);
  expect(place.restic('check', '--read-data')).toContain('no errors were found');
});
