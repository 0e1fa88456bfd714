import { describe, expect, test } from 'vitest';
import type { HostAccess } from '../../src/config/site.ts';
import { brief, GOOD, parse } from './render-site.ts';

const FINGERPRINT = 'SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8';

function withHostKeys(...lines: readonly string[]): string {
  return GOOD.replace('mode: local', ['mode: local', ...lines].join('\n    '));
}

function overSsh(...lines: readonly string[]): string {
  const way = ['mode: remote', 'location: proxmox://10.0.0.10', 'conn_method: agent'];
  return GOOD.replace('mode: local', [...way, ...lines].join('\n    '));
}

function access(...lines: readonly string[]): HostAccess | undefined {
  return parse(overSsh(...lines)).hosts.get('pve')?.access;
}

describe('an option of vzdump', () => {
  test.each([
    ['bwlimit: 1B', { bwlimitKiB: 1 }],
    ['bwlimit: 200MiB', { bwlimitKiB: 204_800 }],
    ['ionice: 8', { ionice: 8 }],
    ['fleecing: local-lvm', { fleecing: { storage: 'local-lvm' } }],
    ['fleecing: true', { fleecing: {} }],
    ['fleecing: false', {}],
    ['performance: { max-workers: 4 }', { performance: { maxWorkers: 4 } }],
    [
      'performance: { max-workers: 4, pbs-entries-max: 100000 }',
      { performance: { maxWorkers: 4, pbsEntriesMax: 100_000 } },
    ],
    ['exclude-path: /var/cache', { excludePath: ['/var/cache'] }],
    ['exclude-path: [/var/cache, "*.tmp"]', { excludePath: ['/var/cache', '*.tmp'] }],
    ['pigz: 0', { pigzThreads: 0 }],
    ['zstd: 8', { zstdThreads: 8 }],
    ['notification-mode: notification-system', { notificationMode: 'notification-system' }],
    ['lockwait: 2h', { lockwaitMinutes: 120 }],
    ['lockwait: 90s', { lockwaitMinutes: 2 }],
    ['stopwait: 5m', { stopwaitMinutes: 5 }],
  ])('%s', (written, meant) => {
    expect(parse(withHostKeys(`vzdump: { ${written} }`)).hosts.get('pve')?.vzdump).toEqual({
      excludePath: [],
      lockwaitMinutes: 10,
      ...meant,
    });
  });

  test.each([
    ['fleecing: 7', '"7" is not a storage for fleecing images'],
    ['fleecing: a/b', '"a/b" is not a storage for fleecing images'],
    ['performance: {}', '"performance" is empty'],
    ['performance: { max-workers: 0 }', '"max-workers" must be at least 1'],
    ['performance: { workers: 2 }', 'unknown key "workers"'],
    ['pigz: many', '"pigz" must be a whole number, not text'],
    ['zstd: -1', '"zstd" must be at least 0'],
    ['notification-mode: quiet', '"notification-mode" cannot be "quiet"'],
    ['lockwait: 10', '10 is not a duration'],
    ['maxfiles: 1', 'unknown key "maxfiles"'],
    ['storage: local', 'unknown key "storage"'],
  ])('%s is refused', (written, message) => {
    const problems = brief(withHostKeys(`vzdump: { ${written} }`));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(message.replace('"7"', '7'));
  });
});

describe('the client that speaks SSH', () => {
  test.each([
    [[], { kind: 'ssh2' }],
    [['conn_client: ssh2'], { kind: 'ssh2' }],
    [['conn_client: openssh'], { kind: 'openssh', options: [] }],
    [
      ['conn_client: openssh', 'ssh_options: ProxyJump=gate.example.org'],
      { kind: 'openssh', options: ['ProxyJump=gate.example.org'] },
    ],
    [
      ['conn_client: openssh', 'ssh_options: [Compression=no, "IdentityAgent ~/agent"]'],
      { kind: 'openssh', options: ['Compression=no', 'IdentityAgent ~/agent'] },
    ],
  ])('%j', (lines, client) => {
    expect(access(...lines)).toMatchObject({ client });
  });

  test.each([
    [['conn_client: putty'], '"conn_client" cannot be "putty"; write ssh2 or openssh'],
    [
      ['ssh_options: Compression=no'],
      'missing key "conn_client" in "pve"; only the system\'s own client takes ssh_options: add conn_client: openssh',
    ],
    [['conn_client: ssh2', 'ssh_options: Compression=no'], '"conn_client" cannot be "ssh2"; write openssh'],
    [
      ['conn_client: openssh', 'ssh_options: -oCompression=no'],
      '"-oCompression=no" is not an option of ssh; write KEY=VALUE as in ssh_config, for example ProxyJump=gate.example.org',
    ],
  ])('%j is refused', (lines, problem) => {
    expect(brief(overSsh(...lines)).map((text) => text.replace(/^\d+:\d+: /, ''))).toEqual([problem]);
  });
});

describe('sudo', () => {
  test.each([
    [[], undefined],
    [['conn_username: backup'], undefined],
    [['conn_username: backup', 'sudo: false'], undefined],
    [['conn_username: backup', 'sudo: true'], true],
  ])('is only what the file asks for: %j', (lines, sudo) => {
    expect(access(...lines)).toHaveProperty('kind', 'ssh');
    expect(access(...lines)).toEqual(
      sudo === undefined ? expect.not.objectContaining({ sudo: true }) : expect.objectContaining({ sudo }),
    );
  });

  test('is nothing for mode: local', () => {
    expect(brief(withHostKeys('sudo: true'))).toEqual([
      '9:5: "sudo" is only for mode: remote; remove the key, and run pvebak itself as root',
    ]);
  });
});

describe('the nodes of a cluster', () => {
  test('are reached as the cluster says unless the file says otherwise', () => {
    expect(access()).toMatchObject({ nodes: new Map() });
    expect(
      access(
        'nodes:',
        '  pve2: { location: proxmox://192.0.2.2:2222 }',
        `  pve3: { location: [proxmox://192.0.2.3, proxmox://gate], host_key: ${FINGERPRINT}= }`,
        `  pve4: { host_key: [${FINGERPRINT}] }`,
      ),
    ).toMatchObject({
      nodes: new Map<string, object>([
        ['pve2', { addresses: [{ host: '192.0.2.2', port: 2222 }] }],
        [
          'pve3',
          {
            addresses: [
              { host: '192.0.2.3', port: 22 },
              { host: 'gate', port: 22 },
            ],
            hostKeys: { kind: 'fingerprints', sha256: [FINGERPRINT] },
          },
        ],
        ['pve4', { hostKeys: { kind: 'fingerprints', sha256: [FINGERPRINT] } }],
      ]),
    });
  });

  test.each([
    ['{ -pve: { location: proxmox://a } }', '"-pve" is not a node name'],
    ['{ pve2: { location: 10.0.0.12 } }', '"10.0.0.12" is not a location'],
    ['{ pve2: {} }', '"pve2" is empty; give at least one of location and host_key'],
    ['{ pve2: { address: a } }', 'unknown key "address"'],
    ['{}', '"nodes" is empty'],
  ])('%s is refused', (written, message) => {
    expect(brief(overSsh(`nodes: ${written}`)).join('\n')).toContain(message);
  });
});

test.each([
  [[], 300_000],
  [['stall_timeout: 90s'], 90_000],
])('a connection stalls as %j says', (lines, stallTimeoutMs) => {
  expect(access(...lines)).toMatchObject({ stallTimeoutMs });
});

test.each([
  [[], undefined],
  [['config_backup: false'], undefined],
  [['config_backup: true'], true],
])("the node's own configuration is kept when asked for: %j", (lines, configBackup) => {
  expect(parse(withHostKeys(...lines)).hosts.get('pve')?.configBackup).toBe(configBackup);
});
