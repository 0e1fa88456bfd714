import { describe, expect, test } from 'vitest';
import { renderSiteProblems } from '../../src/cli/view/site-problems.ts';
import { loadSite } from '../../src/config/load-site.ts';
import { SiteFileError } from '../../src/config/site-file-error.ts';

const ROOT = `version: 1
include: [site.d/hosts.yaml, site.d/policies.yaml]
repositories:
  main: { path: ./repository, password: { env: A } }
`;
const HOSTS = `hosts:
  pve: { mode: remote, location: proxmox://10.0.0.1, conn_method: identity, conn_identity_file: keys/pmx }
`;
const POLICIES = `x-gold: &gold { host: pve, rpo: 12h }
backups:
  - { <<: *gold, name: gold, pool: prod }
  - { host: pve, name: rest, all: true, fallback: true }
`;
const GOOD = {
  'etc/site.yaml': ROOT,
  'etc/site.d/hosts.yaml': HOSTS,
  'etc/site.d/policies.yaml': POLICIES,
};

function load(files: Readonly<Record<string, string>>) {
  return loadSite('etc/site.yaml', {
    home: '/home/ops',
    read: async (path) => {
      const text = files[path];
      if (text === undefined) throw Object.assign(new Error('ENOENT'), { code: 'ENOENT' });
      return text;
    },
  });
}

/** `file:line:column: message; hint` of each problem. */
async function problemsOf(files: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const error = await load(files).catch((thrown: unknown) => thrown);
  if (!(error instanceof SiteFileError)) throw error;
  return error.problems.map(({ file, line, column, message, hint }) =>
    [`${file}:${line}:${column}: ${message}`, ...(hint === undefined ? [] : [hint])].join('; '),
  );
}

describe('a site of several files', () => {
  test('is one site; relative paths start from the file that they are in', async () => {
    const site = await load(GOOD);
    expect(site.file).toMatch(/\/etc\/site\.yaml$/);
    expect(site.backups.map(({ name }) => name)).toEqual(['gold', 'rest']);
    expect(site.repositories.get('main')?.path).toMatch(/\/etc\/repository$/);
    expect(JSON.stringify(site.hosts.get('pve'))).toMatch(/\/etc\/site\.d\/keys\/pmx"/);
  });

  test('may include what includes more, and name a file twice', async () => {
    const policies = `include: [../site.yaml.d/more.yaml]\n${POLICIES}`;
    const more = 'backups: [{ name: more, host: pve, vmid: 101 }]\ninclude: [../site.d/hosts.yaml]\n';
    const files = { ...GOOD, 'etc/site.d/policies.yaml': policies, 'etc/site.yaml.d/more.yaml': more };
    expect((await load(files)).backups.map(({ name }) => name)).toEqual(['gold', 'rest', 'more']);
  });

  test('has each problem at its own file and line, with secrets hidden', async () => {
    const files = {
      ...GOOD,
      'etc/site.yaml': `${ROOT}cadence: soon\n`,
      'etc/site.d/hosts.yaml': `${HOSTS}  two: { mode: loca, conn_password: hunter2 }\n`,
      'etc/site.d/policies.yaml': `${POLICIES}  - { host: pev, name: gold, pool: prod }\n`,
    };
    expect(await problemsOf(files)).toEqual([
      expect.stringContaining('etc/site.yaml:5:10: "soon" is not a duration'),
      expect.stringContaining('etc/site.d/hosts.yaml:3:16: "mode" cannot be "loca"'),
      'etc/site.d/policies.yaml:5:13: no host is called "pev"; did you mean "pve"?',
      'etc/site.d/policies.yaml:5:24: the policy name "gold" is used twice; each needs one of its own',
    ]);
    const error = await load(files).catch((thrown: unknown) => thrown);
    expect(renderSiteProblems(error as SiteFileError)).not.toContain('hunter2');
  });

  test.each<[string, Readonly<Record<string, string>>, string]>([
    [
      'includes itself',
      { 'etc/site.d/hosts.yaml': `include: [../site.yaml]\n${HOSTS}` },
      'etc/site.d/hosts.yaml:1:11: etc/site.yaml includes itself: etc/site.yaml -> etc/site.d/hosts.yaml -> etc/site.yaml; remove one of these',
    ],
    [
      'includes what is not there',
      { 'etc/site.yaml': ROOT.replace('[', '[nowhere.yaml, ') },
      'etc/site.yaml:2:11: cannot read etc/nowhere.yaml: there is no such file',
    ],
    [
      'includes what has no name of a YAML file',
      { 'etc/site.yaml': ROOT.replace('[', '[password, ') },
      'etc/site.yaml:2:11: "password" ends neither in .yaml nor in .yml; include YAML files',
    ],
    [
      "includes from another user's home",
      { 'etc/site.yaml': ROOT.replace('[', '[~eva/x.yaml, ') },
      'etc/site.yaml:2:11: "~eva/x.yaml" names another user\'s home folder; write the whole path',
    ],
    [
      'has a host in two files',
      { 'etc/site.d/policies.yaml': `hosts: { pve: { mode: local } }\n${POLICIES}` },
      'etc/site.d/policies.yaml:1:10: "pve" under hosts is in etc/site.d/hosts.yaml already; keep one of them',
    ],
    [
      'has a policy name in two files',
      { 'etc/site.yaml': `${ROOT}backups: [{ name: rest, host: pve, vmid: 101 }]\n` },
      'etc/site.d/policies.yaml:4:24: the policy name "rest" is used twice, first in etc/site.yaml; each needs one of its own',
    ],
    [
      'has defaults in two files',
      {
        'etc/site.yaml': `${ROOT}defaults: { rpo: 4h }\n`,
        'etc/site.d/hosts.yaml': `${HOSTS}defaults: { rpo: 8h }\n`,
      },
      'etc/site.d/hosts.yaml:3:1: "defaults" is in etc/site.yaml already; keep one of them',
    ],
    [
      'includes what is no map',
      { 'etc/site.d/hosts.yaml': '- pve\n' },
      'etc/site.d/hosts.yaml:1:1: an included file must be a map of keys, as the site file is',
    ],
    [
      'includes what is no YAML, and is not called incomplete for that',
      { 'etc/site.d/hosts.yaml': 'hosts: {\n' },
      'etc/site.d/hosts.yaml:1:8: this bracket is never closed',
    ],
    [
      'includes a later version',
      { 'etc/site.d/hosts.yaml': `version: 2\n${HOSTS}` },
      'etc/site.d/hosts.yaml:1:1: "version" is another one than in etc/site.yaml',
    ],
  ])('is refused when it %s', async (_, changed, problem) => {
    expect(await problemsOf({ ...GOOD, ...changed })).toContainEqual(problem);
  });

  test('has keys at the top that are missing said at the site file', async () => {
    const problems = await problemsOf({ ...GOOD, 'etc/site.yaml': 'include: [site.d/hosts.yaml]\n' });
    expect(problems[0]).toMatch(/^etc\/site\.yaml:1:1: missing key "version"/);
  });
});
