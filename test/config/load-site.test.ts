import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { loadSite } from '../../src/config/load-site.ts';
import type { HostEntry } from '../../src/config/site.ts';
import { UserError } from '../../src/user-error.ts';
import { brief, GOOD, parse } from './render-site.ts';

const HOUR = 3_600_000;
const FINGERPRINT = 'SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8';

describe('a site file', () => {
  test('with the least that it needs gets every default', () => {
    expect(parse(GOOD)).toEqual({
      file: '/srv/backup/site.yaml',
      cadenceMs: 24 * HOUR,
      guards: { forgetMax: { share: 0.1, atLeast: 10 } },
      repositories: new Map([
        [
          'main',
          {
            name: 'main',
            path: '/srv/backup/repository',
            password: { kind: 'env', name: 'PVEBAK_PASSWORD' },
          },
        ],
      ]),
      hosts: new Map([
        [
          'pve',
          {
            name: 'pve',
            id: 'pve',
            access: { kind: 'local' },
            backupMode: 'snapshot',
            backupCompression: '0',
            dumpDir: '/var/lib/vz/dump',
            cleanup: false,
            vzdump: { excludePath: [], lockwaitMinutes: 10 },
          },
        ],
      ]),
      backups: [
        {
          name: 'everything',
          hosts: ['pve'],
          repository: 'main',
          select: { kind: 'all' },
          include: undefined,
          exclude: undefined,
          rpoMs: 24 * HOUR,
        },
      ],
      restores: [],
    });
  });

  test('with every key gives all of it', () => {
    const site = parse(`
version: 1
cadence: 6h
repositories:
  main: { path: ~/repository, password: { file: secret.txt } }
  other: { path: /mnt/other, password: { command: pass show other } }
hosts:
  pve:
    id: site-a
    location: [proxmox://10.0.0.10, "proxmox://[2001:db8::10]:2222"]
    mode: remote
    conn_method: identity
    conn_username: backup
    conn_identity_file: ~/.ssh/pmx_id
    conn_passphrase: { credential: pmx }
    host_key: ${FINGERPRINT}=
    backup_mode: suspend
    backup_compression: 1
    dump_dir: /mnt/dump
    node: pve1
    cleanup: true
    vzdump: { bwlimit: 200MiB, ionice: 7, exclude-path: /var/cache }
defaults:
  repository: main
  rpo: 12h
  retention: { keep-last: 2, keep-within: 14d }
guards: { uncovered: fail, policy_change_grace: 2w, forget_max: 5% }
backups:
  - name: production
    hosts: [pve]
    pool: prod/web
    include: { tags: gold, name: [web-*], type: [qemu, lxc] }
    exclude: { vmid: 109 }
    rpo: 1d
    backup_mode: stop
    retention: { keep-yearly: 3, keep-hourly: 1, keep-daily: 7, keep-weekly: 4, keep-monthly: 12 }
  - name: two
    host: pve
    repository: other
    vmid: [101, 105]
restores:
  - name: web-on-the-lab
    repository: other
    snapshot: 0123abcd
    guest: qemu/101
    from: pve
    to: { host: pve, vmid: 901, storage: local-lvm, pool: test, start: true, unique: true }
    on_existing: replace
    manual: true
  - name: as-it-was
    guest: lxc/105
    from: site-a
    to: { host: pve }
    when: changed
    on_existing: replace
    manual: true
`);
    const { repositories, hosts, backups, restores } = site;
    expect(repositories.get('main')).toEqual({
      name: 'main',
      path: '/home/ops/repository',
      password: { kind: 'file', path: '/srv/backup/secret.txt' },
    });
    expect(repositories.get('other')?.password).toEqual({
      kind: 'command',
      argv: ['sh', '-c', 'pass show other'],
    });
    expect(hosts.get('pve')).toEqual({
      name: 'pve',
      id: 'site-a',
      access: {
        kind: 'ssh',
        addresses: [
          { host: '10.0.0.10', port: 22 },
          { host: '2001:db8::10', port: 2222 },
        ],
        username: 'backup',
        login: {
          kind: 'identity',
          key: { kind: 'file', path: '/home/ops/.ssh/pmx_id' },
          passphrase: { kind: 'credential', name: 'pmx' },
        },
        hostKeys: { kind: 'fingerprints', sha256: [FINGERPRINT] },
        client: { kind: 'ssh2' },
        nodes: new Map(),
        stallTimeoutMs: 300_000,
      },
      backupMode: 'suspend',
      backupCompression: '1',
      dumpDir: '/mnt/dump',
      node: 'pve1',
      cleanup: true,
      vzdump: { bwlimitKiB: 204_800, ionice: 7, excludePath: ['/var/cache'], lockwaitMinutes: 10 },
    });
    expect(backups).toEqual([
      {
        name: 'production',
        hosts: ['pve'],
        repository: 'main',
        select: { kind: 'pool', pool: 'prod/web' },
        include: { vmids: [], tags: ['gold'], names: ['web-*'], types: ['qemu', 'lxc'], statuses: [] },
        exclude: { vmids: [109], tags: [], names: [], types: [], statuses: [] },
        rpoMs: 24 * HOUR,
        backupMode: 'stop',
        retention: { yearly: 3, hourly: 1, daily: 7, weekly: 4, monthly: 12 },
      },
      {
        name: 'two',
        hosts: ['pve'],
        repository: 'other',
        select: { kind: 'vmid', vmids: [101, 105] },
        include: undefined,
        exclude: undefined,
        rpoMs: 12 * HOUR,
        retention: { last: 2, withinMs: 14 * 24 * HOUR },
      },
    ]);
    expect(restores).toEqual([
      {
        name: 'web-on-the-lab',
        repository: 'other',
        snapshot: '0123abcd',
        guest: { type: 'qemu', vmid: 101 },
        fromHostId: 'site-a',
        to: { host: 'pve', vmid: 901, storage: 'local-lvm', pool: 'test', unique: true, start: true },
        onExisting: 'replace',
        manual: true,
      },
      {
        name: 'as-it-was',
        repository: 'main',
        snapshot: 'latest',
        guest: { type: 'lxc', vmid: 105 },
        fromHostId: 'site-a',
        to: { host: 'pve', vmid: 105, unique: false, start: false },
        when: 'changed',
        onExisting: 'replace',
        manual: true,
      },
    ]);
  });
});

describe('the way into a host', () => {
  const hostWith = (keys: string): HostEntry | undefined =>
    parse(
      GOOD.replace('mode: local', `mode: remote\n    location: proxmox://10.0.0.10\n    ${keys}`),
    ).hosts.get('pve');

  test.each([
    [
      'conn_method: password\n    conn_password: plain',
      { kind: 'password', password: { kind: 'plain', value: 'plain' } },
    ],
    [
      'conn_method: password\n    conn_password: { command: [pass, show, pve] }',
      { kind: 'password', password: { kind: 'command', argv: ['pass', 'show', 'pve'] } },
    ],
    ['conn_method: agent', { kind: 'agent' }],
    ['conn_method: agent\n    conn_agent: ~/agent.sock', { kind: 'agent', socket: '/home/ops/agent.sock' }],
    [
      'conn_method: identity\n    conn_identity_key: { env: PMX_KEY }',
      { kind: 'identity', key: { kind: 'env', name: 'PMX_KEY' } },
    ],
  ])('%s', (keys, login) => {
    expect(hostWith(keys)?.access).toMatchObject({ kind: 'ssh', username: 'root', login });
  });

  test.each([
    ['', { kind: 'known-hosts', files: ['/home/ops/.ssh/known_hosts', '/etc/ssh/ssh_known_hosts'] }],
    ['known_hosts: ./known_hosts', { kind: 'known-hosts', files: ['/srv/backup/known_hosts'] }],
    ['known_hosts: [a, ~/b]', { kind: 'known-hosts', files: ['/srv/backup/a', '/home/ops/b'] }],
    [`host_key: [${FINGERPRINT}]`, { kind: 'fingerprints', sha256: [FINGERPRINT] }],
  ])('host keys: %s', (keys, hostKeys) => {
    expect(hostWith(`conn_method: agent\n    ${keys}`)?.access).toMatchObject({ hostKeys });
  });

  test.each([
    ['0', '0'],
    ['"0"', '0'],
    ['1', '1'],
    ['zstd', 'zstd'],
  ])('backup_compression: %s is %s', (written, meant) => {
    expect(hostWith(`conn_method: agent\n    backup_compression: ${written}`)?.backupCompression).toBe(meant);
  });
});

describe('YAML', () => {
  test('anchors, aliases and merge keys work, and x- keys hold them', () => {
    const site = parse(
      GOOD.replace('version: 1', 'version: 1\nx-policy: &policy { host: pve, rpo: 2h }').replace(
        '    host: pve\n',
        '    <<: *policy\n',
      ),
    );
    expect(site.backups).toMatchObject([{ hosts: ['pve'], rpoMs: 2 * HOUR }]);
  });

  test('hundreds of policies may share an anchor', () => {
    const policies = Array.from(
      { length: 500 },
      (_, index) => `  - { name: p${index}, hosts: *all, vmid: ${index + 100} }`,
    );
    const text = `${GOOD.replace('version: 1', 'version: 1\nx-hosts: &all [pve]')}${policies.join('\n')}\n`;
    expect(parse(text).backups).toHaveLength(501);
  });

  test('a mistake behind a merge key is shown where it stands', () => {
    const text = GOOD.replace('version: 1', 'version: 1\nx-policy: &policy { rpo: soon }').replace(
      '    host: pve\n',
      '    host: pve\n    <<: *policy\n',
    );
    expect(brief(text)).toEqual([
      '2:26: "soon" is not a duration; write a whole number and s, m, h, d or w, for example 24h or 7d',
    ]);
  });

  test('a mistake in an alias is shown where it is used', () => {
    const text = GOOD.replace('version: 1', 'version: 1\nx-rpo: &rpo soon').replace(
      '    host: pve\n',
      '    host: pve\n    rpo: *rpo\n',
    );
    expect(brief(text)[0]).toContain('13:10: "soon" is not a duration');
  });

  test('Windows line ends and a byte order mark change nothing', () => {
    expect(parse(`\ufeff${GOOD.replaceAll('\n', '\r\n')}`)).toEqual(parse(GOOD));
    expect(brief(GOOD.replace('all: true', 'al: true').replaceAll('\n', '\r\n'))).toEqual([
      '12:5: unknown key "al"; did you mean "all"?',
    ]);
  });
});

describe('names', () => {
  test('a single repository needs no name', () => {
    expect(parse(GOOD).backups[0]?.repository).toBe('main');
  });

  test('several without a default must be named', () => {
    const text = GOOD.replace('hosts:', '  second: { path: b, password: { env: B } }\nhosts:');
    expect(brief(text)).toEqual([
      '11:5: missing key "repository"; there are several (main, second): name one here, or for all under defaults',
    ]);
  });

  test('a missing key is not said beside the misspelt one', () => {
    expect(brief(GOOD.replace('mode: local', 'mod: local'))).toEqual([
      '8:5: unknown key "mod"; did you mean "mode"?',
    ]);
    expect(brief(GOOD.replace('all: true', 'vmids: 101'))).toEqual([
      '12:5: unknown key "vmids"; did you mean "vmid"?',
    ]);
  });
});

describe('reading', () => {
  const read = (path: string) => readFile(path, 'utf8');

  test('a file that is not there is said, with its name', async () => {
    await expect(loadSite('/nowhere/site.yaml', { home: '/home/ops', read })).rejects.toThrow(
      new UserError('site-file', 'cannot read /nowhere/site.yaml: there is no such file'),
    );
  });

  test('a folder is no site file', async () => {
    await expect(loadSite('/', { home: '/home/ops', read })).rejects.toThrow('cannot read /: it is a folder');
  });
});
