/** Plans that are saved, shown, approved and carried out later, and plans from recorded facts. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addCt, moveGuest } from '../lab/guests.ts';
import { type Lab, startLab } from '../lab/lab.ts';
import { atTerminal } from './at-terminal.ts';
import { byIdentity, labSite } from './lab-site.ts';
import { flat, Workplace } from './program.ts';

const CANARY = 'canary-of-the-repository';
let lab: Lab;
let place: Workplace;

beforeAll(async () => {
  lab = await startLab({ nodes: ['fra1', 'fra2'] });
  addCt(lab, 'fra1', { vmid: 105, hostname: 'git' });
  addCt(lab, 'fra1', { vmid: 106, hostname: 'wiki' });
  addCt(lab, 'fra2', { vmid: 107, hostname: 'mail' });
  place = new Workplace();
  place.write('site.yaml', siteFile({}));
  place.write('password', `${CANARY}\n`);
  await place.makeRepository('repository', CANARY);
});

afterAll(async () => {
  place[Symbol.dispose]();
  await lab.stop();
});

/** The site, with secrets that leave a trace when they are read. */
function siteFile(change: {
  readonly host?: string;
  readonly exclude?: string;
  readonly dumpDir?: string;
}): string {
  const [fra1, fra2] = [lab.node('fra1'), lab.node('fra2')];
  const fra = byIdentity(fra1, {
    host_key: `[ "${fra1.hostKeyFingerprint}", "${fra2.hostKeyFingerprint}" ]`,
    nodes: `{ fra2: { location: "proxmox://${fra2.host}:${fra2.port}" } }`,
    ...(change.dumpDir !== undefined && { dump_dir: change.dumpDir }),
  });
  const exclude = change.exclude === undefined ? '' : `, exclude: { vmid: ${change.exclude} }`;
  return labSite({
    hosts: { [change.host ?? 'fra']: fra },
    backups: [`{ name: all, host: ${change.host ?? 'fra'}, all: true, rpo: 24h${exclude} }`],
    password: `{ command: "touch ${place.folder}/was-read; cat ${place.folder}/password" }`,
  });
}

function file(name: string): string {
  return join(place.folder, name);
}

describe('a plan that was saved', () => {
  it('is written for its owner only, without a secret, and printed with its digest', async () => {
    const { stdout } = await place.succeed('plan', 'site.yaml', '--out', 'plan.json');
    const text = readFileSync(file('plan.json'), 'utf8');
    expect(statSync(file('plan.json')).mode & 0o777).toBe(0o600);
    expect(text).not.toContain(CANARY);
    expect(text).not.toMatch(/was-read|identity_file|PRIVATE KEY/);
    const digest = createHash('sha256').update(text).digest('hex');
    expect(flat(stdout)).toMatch(new RegExp(`3 to back up.* Digest ${digest}, valid until `));
  });

  it('is shown as plan showed it, in each form, with no repository or host near', async () => {
    const planned = await place.succeed('plan', 'site.yaml', '--out', 'plan.json');
    rmSync(file('was-read'), { force: true });
    expect((await place.succeed('show', 'plan.json')).stdout).toBe(planned.stdout);
    const { stdout } = await place.succeed('show', 'plan.json', '--json');
    expect(stdout).toBe(readFileSync(file('plan.json'), 'utf8'));
    expect((await place.succeed('show', 'plan.json', '--markdown')).stdout).toContain('3 to back up');
    expect(existsSync(file('was-read'))).toBe(false);
  });

  it('is refused when it is not the one that was approved, and where it would be changed', async () => {
    const other = await place.pvebak('apply', 'plan.json', '--digest', '0'.repeat(64));
    expect(other).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('is not the plan that was approved'),
    });
    const chosen = await place.pvebak('apply', 'plan.json', '--restore', 'x');
    expect(chosen).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('--restore has no place here'),
    });
    const late = readFileSync(file('plan.json'), 'utf8').replace(/"validUntil": \d+/, '"validUntil": 5');
    writeFileSync(file('late.json'), late);
    const expired = await place.pvebak('apply', 'late.json');
    expect(expired).toMatchObject({
      status: 4,
      stderr: expect.stringContaining('late.json was valid until'),
    });
    expect(place.stored('snapshots')).toEqual([]);
  });

  it('is carried out but for what is stale, whatever else the site file says by now', async () => {
    place.write('plan-of-monday', readFileSync(file('plan.json'), 'utf8'));
    const digest = createHash('sha256')
      .update(readFileSync(file('plan.json')))
      .digest('hex');
    moveGuest(lab, 107, 'fra1');
    place.write('site.yaml', siteFile({ exclude: '105' }));
    const run = await place.pvebak('apply', 'plan-of-monday', '--digest', digest);
    expect(run.stderr).toContain('site.yaml has changed since the plan was made');
    expect(run.stdout).toContain('! backup lxc/107 mail: stale: it has moved from fra2 to fra1\n');
    expect(run.stdout).toContain('+ backup lxc/105 git: ');
    expect(run.stdout).toContain('2 backed up, 1 stale: ');
    expect(run.status).toBe(4);
    expect(place.stored('snapshots')).toHaveLength(2);
  });

  it('does nothing the second time, and says of each action why', async () => {
    const { stdout, status } = await place.pvebak('apply', 'plan-of-monday', '--json');
    const lines: readonly { kind: string; item: string; outcome: unknown }[] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toMatchObject([
      {
        kind: 'item-refused',
        item: 'backup main fra lxc/105',
        outcome: { kind: 'stale', why: { kind: 'newer-backup' } },
      },
      { kind: 'item-refused', item: 'backup main fra lxc/106', outcome: { why: { kind: 'newer-backup' } } },
      { kind: 'item-refused', item: 'backup main fra lxc/107', outcome: { why: { kind: 'guest-moved' } } },
    ]);
    expect(status).toBe(4);
    moveGuest(lab, 107, 'fra2');
  });

  it('asks nothing, at a terminal neither, and is stale as a whole where its host entry is gone', async () => {
    place.write('other.yaml', siteFile({ host: 'ber' }));
    const applied = ['apply', 'plan-of-monday', '--site', 'other.yaml'];
    const { stdout, status } = await atTerminal(place, applied, []);
    // A terminal of no width breaks every line.
    for (const guest of ['lxc/105git', 'lxc/106wiki', 'lxc/107mail'])
      expect(stdout.replace(/\s/g, '')).toContain(`backup${guest}:stale:thesitefilehasnohostfraanymore`);
    expect(stdout).toContain('3 stale\n');
    expect(status).toBe(4);
  });
});

describe('a plan from recorded facts', () => {
  it('is the plan of that moment; it reads no secret and opens no connection', async () => {
    place.write('site.yaml', siteFile({}));
    await place.succeed('facts', 'site.yaml', '--out', 'facts.json');
    const facts = readFileSync(file('facts.json'), 'utf8');
    expect(statSync(file('facts.json')).mode & 0o777).toBe(0o600);
    expect(facts).not.toMatch(new RegExp(`${CANARY}|was-read|identity_file`));
    rmSync(file('was-read'));
    const hostile = siteFile({}).replaceAll('127.0.0.1', '192.0.2.1').replace('fra1', 'gone');
    place.write('merge-request.yaml', `${hostile}`.replace('rpo: 24h', 'rpo: 12h'));
    const { stdout, stderr, status } = await place.pvebak(
      'plan',
      'merge-request.yaml',
      '--facts',
      'facts.json',
    );
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    expect(stdout).toContain('+ lxc/107 mail');
    expect(existsSync(file('was-read'))).toBe(false);
  });

  it('reads nothing from outside the folder of the site file, whatever that includes', async () => {
    mkdirSync(file('clone'), { recursive: true });
    place.write('secret.yaml', `password: ${CANARY}\n`);
    symlinkSync('../secret.yaml', file('clone/link.yaml'));
    const includes = `include: [../secret.yaml, ${file('secret.yaml')}, link.yaml]\n`;
    place.write('clone/site.yaml', includes + siteFile({}));
    const ended = await place.pvebak('plan', 'clone/site.yaml', '--facts', 'facts.json');
    expect(ended.stderr.match(/is outside of the folder of the site file/g)).toHaveLength(3);
    expect(ended.stderr + ended.stdout).not.toContain(CANARY);
    expect(ended.status).toBe(5);
  });

  it('says of a host that they do not know that it could not be asked', async () => {
    place.write('merge-request.yaml', siteFile({ host: 'new' }));
    const { stdout, status } = await place.pvebak(
      'plan',
      'merge-request.yaml',
      '--facts',
      'facts.json',
      '--json',
    );
    expect(JSON.parse(stdout)).toMatchObject({
      kind: 'pvebak-plan',
      plan: {
        problems: [{ kind: 'host-unreachable', host: 'new', reason: 'the recorded facts do not know it' }],
      },
    });
    expect(status).toBe(3);
  });

  it('can be of a part, which the plan says', async () => {
    const part = ['--facts', 'facts.json', '--policy', 'all', '--exclude', 'lxc/107'];
    const { stdout } = await place.succeed('plan', 'site.yaml', ...part);
    expect(stdout).toContain('as facts.json recorded it then\n');
    expect(stdout).toContain('ONLY A PART: policy all; without lxc/107\n');
    expect(stdout).not.toContain('lxc/107 mail');
  });

  it('facts are no site file, and a site file is no plan', async () => {
    const applied = await place.pvebak('apply', 'facts.json');
    expect(applied).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('plan site.yaml --facts facts.json'),
    });
    const shown = await place.pvebak('show', 'site.yaml');
    expect(shown).toMatchObject({ status: 1, stderr: expect.stringContaining('site.yaml is no JSON') });
  });
});

describe('status', () => {
  it('grades guests as a monitoring plugin does, the worst first', async () => {
    const { stdout, status } = await place.pvebak('status', 'site.yaml');
    expect(status).toBe(2);
    const lines = stdout.split('\n');
    expect(lines[0]).toMatch(
      /^PVEBAK CRITICAL - 3 guests: 1 critical, 2 ok \| guests=3 ok=2 warning=0 critical=1 unknown=0 problems=0 oldest=\d+s$/,
    );
    expect(lines[3]).toMatch(/^! {2}lxc\/107 mail {2}fra\/fra2 {2}- +24 h +never +- +all +never backed up$/);
    expect(lines[4]).toMatch(/^= {2}lxc\/105 git +fra\/fra1 +\d+ (?:s|min) .*KiB +all$/);
  });

  it('--json is one object, as its schema says', async () => {
    const { stdout, status } = await place.pvebak('status', 'site.yaml', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      kind: 'pvebak-status',
      version: 1,
      level: 'critical',
      guests: [
        { guest: 'lxc/107', level: 'critical', why: { kind: 'none' } },
        { guest: 'lxc/105', level: 'ok', newest: { bytes: expect.any(Number) } },
        { guest: 'lxc/106', level: 'ok' },
      ],
    });
    const schema = join(import.meta.dirname, '../../schemas/status.schema.json');
    const validate = new Ajv({ discriminator: true }).compile(JSON.parse(readFileSync(schema, 'utf8')));
    expect(validate(JSON.parse(stdout)), JSON.stringify(validate.errors)).toBe(true);
    expect(status).toBe(2);
  });

  it('is unknown where it cannot tell', async () => {
    place.write('elsewhere.yaml', siteFile({}).replace('./repository', './nowhere'));
    const { stdout, status } = await place.pvebak('status', 'elsewhere.yaml');
    expect(stdout).toMatch(/^PVEBAK UNKNOWN - .*nowhere/);
    expect(status).toBe(3);
  });
});
