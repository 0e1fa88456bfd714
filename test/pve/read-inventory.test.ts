import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { clusterFilesCommand, parseClusterFiles } from '../../src/pve/cluster-files.ts';
import { formatGuestRef } from '../../src/pve/guest.ts';
import type { Inventory } from '../../src/pve/inventory.ts';
import { readInventory } from '../../src/pve/read-inventory.ts';
import { type RecordedAnswer, recordedShell } from './recorded-shell.ts';

const certificate = [
  '-----BEGIN CERTIFICATE-----',
  Buffer.from('a certificate').toString('base64'),
  '-----END CERTIFICATE-----',
  '',
].join('\n');
const configs: Readonly<Record<string, string>> = {
  'nodes/pve1/qemu-server/101.conf': [
    '#web server%3A 50%25 done',
    'name: web-1',
    'net0: virtio=BC:24:11:00:00:01,bridge=vmbr0',
    'scsi0: local:101/vm-101-disk-0.qcow2,size=64M',
    'scsi1: local:101/vm-101-disk-1.raw,size=16M,backup=0',
    'smbios1: uuid=11111111-2222-3333-4444-555555555555',
    'tags: prod;web',
    'unused0: local:101/vm-101-disk-9.raw',
    '[before]',
    'name: web-0',
  ].join('\n'),
  'nodes/pve2/qemu-server/301.conf': 'name: staging-1\ntags: staging\ntemplate: 1\n',
  'nodes/pve1/lxc/201.conf':
    'hostname: ct-alpha\nnet0: name=eth0,bridge=vmbr0,hwaddr=BC:24:11:5C:7C:2D,ip=dhcp,type=veth\nrootfs: local:201/x,size=0T\n',
};

function pvesh(file: string): RecordedAnswer {
  return { stdout: readFileSync(new URL(`../fixtures/pvesh/${file}.json`, import.meta.url), 'utf8') };
}

function etcPve(files: Readonly<Record<string, string>>, pem = certificate): RecordedAnswer {
  const lines = Object.entries(files).flatMap(([path, text]) =>
    text.split('\n').map((line) => `${path}:${line}\n`),
  );
  return { stdout: `${pem}\n${lines.join('')}` };
}

function node(changes: Readonly<Record<string, RecordedAnswer>> = {}) {
  return recordedShell({
    'pvesh get /version': pvesh('version'),
    'pvesh get /cluster/status': pvesh('cluster-status'),
    'pvesh get /cluster/resources': pvesh('cluster-resources'),
    'sh -c': etcPve(configs),
    ...changes,
  });
}

function guest(inventory: Inventory, name: string) {
  return inventory.guests.find(({ ref }) => formatGuestRef(ref) === name);
}

describe('the inventory of a recorded node', () => {
  test('takes four commands', async () => {
    const shell = node();
    await readInventory(shell);
    expect(shell.asked).toHaveLength(4);
  });

  test('has its version, nodes, pools and storages', async () => {
    const inventory = await readInventory(node());
    expect(inventory.version).toEqual({ release: '8.4', version: '8.4.21' });
    expect(inventory.localNode).toBe('pve1');
    expect(inventory.pools).toEqual(['empty', 'prod', 'prod/db']);
    expect(inventory.storages.find(({ storage }) => storage === 'local')).toEqual({
      node: 'pve1',
      storage: 'local',
      type: 'dir',
      available: true,
      shared: false,
      content: ['vztmpl', 'iso', 'rootdir', 'images', 'backup'],
      totalBytes: 270_553_174_016,
      usedBytes: 29_381_464_064,
    });
  });

  test('lists a node that owns guests but is not in the cluster as offline', async () => {
    const { nodes } = await readInventory(node());
    expect(nodes).toEqual([
      { name: 'pve1', online: true, address: '192.0.2.2' },
      { name: 'pve2', online: false },
    ]);
  });

  test('has guests with what their configuration says', async () => {
    const inventory = await readInventory(node());
    expect(guest(inventory, 'qemu/101')).toEqual({
      ref: { type: 'qemu', vmid: 101 },
      node: 'pve1',
      status: 'stopped',
      name: 'web-1',
      template: false,
      pool: 'prod',
      tags: ['prod', 'web'],
      identity: {
        line: expect.stringMatching(/^[0-9a-f]{16}$/),
        machine: { kind: 'smbios-uuid', uuid: '11111111-2222-3333-4444-555555555555' },
      },
      volumes: [
        { key: 'scsi0', bytes: 67_108_864, storage: 'local' },
        { key: 'scsi1', bytes: 16_777_216, storage: 'local', leftOut: 'backup=0' },
        { key: 'unused0', storage: 'local', leftOut: 'not attached' },
      ],
      bridges: ['vmbr0'],
    });
    expect(guest(inventory, 'qemu/103')?.status).toBe('paused');
    expect(guest(inventory, 'lxc/204')?.lock).toBe('backup');
    expect(guest(inventory, 'lxc/201')?.identity.machine).toEqual({
      kind: 'hardware-address',
      address: 'BC:24:11:5C:7C:2D',
    });
  });

  test('takes name and template of a guest with unknown status from its configuration', async () => {
    const inventory = await readInventory(node());
    expect(guest(inventory, 'qemu/301')).toMatchObject({
      status: 'unknown',
      node: 'pve2',
      name: 'staging-1',
      template: true,
      tags: ['staging'],
    });
    expect(guest(inventory, 'lxc/302')).toMatchObject({
      status: 'unknown',
      pool: 'prod/db',
      identity: { machine: { kind: 'none' } },
    });
  });

  test('knows what keeps a guest in its place: protection, high availability, replication, bridges', async () => {
    const more = {
      'nodes/pve1/qemu-server/103.conf': 'name: kept\nprotection: 1\nnet0: virtio,bridge=vmbr1',
      'ha/resources.cfg': 'vm: 101\n\tstate started\n\nct: 201\n\tgroup fast\n',
      'replication.cfg': 'local: 201-0\n\ttarget pve2\n\tschedule */5\n',
      '/etc/network/interfaces': 'auto lo\niface lo inet loopback\niface vmbr0 inet manual\n',
      '/etc/network/interfaces.d/sdn': 'iface lab\n\tbridge_ports none\n',
    };
    const inventory = await readInventory(node({ 'sh -c': etcPve({ ...configs, ...more }) }));
    expect(guest(inventory, 'qemu/103')).toMatchObject({ protection: true, bridges: ['vmbr1'] });
    expect(guest(inventory, 'qemu/101')?.ha).toEqual({ state: 'started' });
    expect(guest(inventory, 'lxc/201')).toMatchObject({
      ha: { state: 'started', group: 'fast' },
      replication: [{ id: '201-0', target: 'pve2', schedule: '*/5', enabled: true }],
    });
    expect(guest(inventory, 'lxc/204')).not.toHaveProperty('protection');
    expect(inventory.nodes).toMatchObject([{ name: 'pve1', bridges: ['vmbr0', 'lab'] }, { name: 'pve2' }]);
    expect(inventory.nodes[1]).not.toHaveProperty('bridges');
  });

  test('believes the configuration when it says that a guest has moved', async () => {
    const { 'nodes/pve1/lxc/201.conf': moved = '', ...rest } = configs;
    const inventory = await readInventory(
      node({ 'sh -c': etcPve({ ...rest, 'nodes/pve2/lxc/201.conf': moved }) }),
    );
    expect(guest(inventory, 'lxc/201')?.node).toBe('pve2');
  });

  test('reads what 9.2 answers', async () => {
    const inventory = await readInventory(
      node({ 'pvesh get /cluster/resources': pvesh('cluster-resources-pve9') }),
    );
    expect(inventory.guests).toHaveLength(19);
    expect(guest(inventory, 'qemu/109')).toMatchObject({ name: 'small-two-disks', tags: ['x', 'y'] });
  });

  test('names the cluster by its root certificate', async () => {
    const inventory = await readInventory(node());
    expect(inventory.clusterFingerprint).toBe(createHash('sha256').update('a certificate').digest('hex'));
    expect(inventory.identityNote).toBeUndefined();
  });

  test.for([
    ['an hour ahead', 3_600_000, 3_600_000],
    ['a year behind', -365 * 86_400_000, -365 * 86_400_000],
    ['the same', 0, 0],
  ] as const)('knows a clock that is %s', async ([, ahead, told]) => {
    const clock = Math.floor((Date.now() + ahead) / 1000);
    const stdout = `clock:${clock}\n${etcPve(configs, '').stdout}`;
    const { clockAheadMs = Number.NaN } = await readInventory(node({ 'sh -c': { stdout } }));
    expect(Math.abs(clockAheadMs - told)).toBeLessThan(60_000);
  });

  test('names a node without root certificate by its name, and says so', async () => {
    const inventory = await readInventory(node({ 'sh -c': etcPve(configs, '') }));
    expect(inventory.clusterFingerprint).toBe(createHash('sha256').update('node pve1\n').digest('hex'));
    expect(inventory.identityNote).toContain('pve-root-ca.pem');
    expect(inventory.guests).not.toEqual([]);
  });
});

describe('a host that cannot be asked', () => {
  const ipcc =
    'ipcc_send_rec[1] failed: Unknown error -1\nUnable to load access control list: Unknown error -1\n';
  test.for([
    [
      'is no node',
      { 'pvesh get': { status: 127, stderr: 'sh: pvesh: not found\n' } },
      'pve1:22 is no Proxmox VE node: pvesh is not there',
    ],
    [
      'lets in somebody else than root',
      { 'pvesh get /version': { status: 255, stderr: ipcc } },
      'is not allowed to the user that logs in',
    ],
    ['has no /etc/pve', { 'sh -c': { status: 3 } }, 'pve1:22 is no Proxmox VE node: there is no /etc/pve'],
    [
      'fails otherwise',
      { 'pvesh get /version': { status: 2, stderr: 'boom\n' } },
      'pvesh get /version on pve1:22 failed with status 2: boom',
    ],
    [
      'answers no JSON',
      { 'pvesh get /version': { stdout: '<html>' } },
      'pvesh get /version on pve1:22 answered something unexpected (no JSON): <html>',
    ],
    [
      'answers other JSON',
      { 'pvesh get /cluster/resources': { stdout: '{"a":1}' } },
      'not a list of objects',
    ],
    [
      'does not say who it is',
      { 'pvesh get /cluster/status': { stdout: '[]' } },
      'no entry for the node that was asked',
    ],
  ] as const)('because it %s says so', async ([, changes, message]) => {
    const shell =
      'pvesh get' in changes ? recordedShell({ ...changes, 'sh -c': etcPve(configs) }) : node(changes);
    await expect(readInventory(shell)).rejects.toMatchObject({
      code: 'command-failed',
      message: expect.stringContaining(message),
    });
  });

  test('hostile entries are passed over', async () => {
    const rows = [
      { type: 'qemu', vmid: '../1', node: 'a' },
      { type: 'lxc', vmid: 100, node: '../x' },
      { type: 'storage' },
      {},
    ];
    const inventory = await readInventory(
      node({ 'pvesh get /cluster/resources': { stdout: JSON.stringify(rows) } }),
    );
    expect(inventory).toMatchObject({ guests: [], storages: [], pools: [] });
  });
});

describe('the command that reads /etc/pve', () => {
  test.for([
    ['with guests', configs],
    ['without any', {}],
    ['with bytes that are no text', { 'nodes/pve1/lxc/300.conf': 'hostname: x\n#\u0000\u0001\n' }],
  ] as const)('works on a real folder %s', ([, files]) => {
    const directory = mkdtempSync('/tmp/pvebak-etc-');
    writeFileSync(join(directory, 'pve-root-ca.pem'), certificate);
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(directory, path)), { recursive: true });
      writeFileSync(join(directory, path), text);
    }
    const script = (clusterFilesCommand[2] ?? '').replace('cd /etc/pve', `cd ${directory}`);
    const parsed = parseClusterFiles(execFileSync('sh', ['-c', script], { encoding: 'utf8' }));
    rmSync(directory, { recursive: true });
    expect(parsed.rootFingerprint).toBe(createHash('sha256').update('a certificate').digest('hex'));
    expect(Math.abs((parsed.clock ?? 0) - Date.now())).toBeLessThan(60_000);
    const texts = parsed.configs.map(({ node: owner, ref, text }) => [
      owner,
      formatGuestRef(ref),
      text.trimEnd(),
    ]);
    expect(texts).toHaveLength(Object.keys(files).length);
    for (const text of Object.values(files))
      expect(texts.map(([, , read]) => read)).toContain(text.trimEnd());
  });

  test('finds what the cluster says besides guests', () => {
    const directory = mkdtempSync('/tmp/pvebak-etc-');
    mkdirSync(join(directory, 'ha'));
    writeFileSync(join(directory, 'ha/resources.cfg'), 'vm: 101\n');
    writeFileSync(join(directory, 'replication.cfg'), 'local: 101-0\n\ttarget pve2\n');
    const script = (clusterFilesCommand[2] ?? '').replace('cd /etc/pve', `cd ${directory}`);
    const parsed = parseClusterFiles(execFileSync('sh', ['-c', script], { encoding: 'utf8' }));
    rmSync(directory, { recursive: true });
    expect([...parsed.ha.keys()]).toEqual(['qemu/101']);
    expect([...parsed.replication.keys()]).toEqual([101]);
  });
});
