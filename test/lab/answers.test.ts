/**
 * What pvesh answers, held to recorded answers: the same objects with the same keys and kinds of values, and the same values
 * wherever they do not measure something.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Lab } from './lab.ts';
import { startRecordedNode } from './recorded-node.ts';
import { readAnswer } from './recording.ts';

let lab: Lab;

beforeAll(async () => {
  lab = await startRecordedNode('8.4');
  await lab.node('pve1').exec('rm /etc/pve/qemu-server/109.conf /etc/pve/lxc/205.conf');
  await lab.node('pve1').exec('pct start 206; qm start 103; qm suspend 103');
});

afterAll(async () => {
  await lab.stop();
});

const RUNNING_105 = 'qm start 105';

it.each([
  ['cluster-resources', '/cluster/resources'],
  ['cluster-resources-node', '/cluster/resources --type node'],
  ['cluster-resources-storage', '/cluster/resources --type storage'],
  ['cluster-resources-vm', '/cluster/resources --type vm'],
  ['cluster-status', '/cluster/status'],
  ['lxc-config-201', '/nodes/pve1/lxc/201/config'],
  ['lxc-status-201', '/nodes/pve1/lxc/201/status/current'],
  ['lxc-status-204-locked', '/nodes/pve1/lxc/204/status/current'],
  ['lxc-status-206-running', '/nodes/pve1/lxc/206/status/current'],
  ['nextid', '/cluster/nextid'],
  ['node-lxc', '/nodes/pve1/lxc'],
  ['node-qemu', '/nodes/pve1/qemu'],
  ['node-storage', '/nodes/pve1/storage'],
  ['node-storage-localhost', '/nodes/localhost/storage'],
  ['nodes', '/nodes'],
  ['pool-empty', '/pools/empty'],
  ['pool-nested-via-query', '/pools --poolid prod/db'],
  ['pool-prod', '/pools/prod'],
  ['pool-prod-type-qemu', '/pools --poolid prod --type qemu'],
  ['pool-prod-via-query', '/pools --poolid prod'],
  ['pools', '/pools'],
  ['qemu-config-101', '/nodes/pve1/qemu/101/config'],
  ['qemu-config-107', '/nodes/pve1/qemu/107/config'],
  ['qemu-status-103-paused', '/nodes/pve1/qemu/103/status/current'],
  ['qemu-status-104-locked', '/nodes/pve1/qemu/104/status/current'],
  ['qemu-status-105', '/nodes/pve1/qemu/105/status/current', RUNNING_105],
  ['storage', '/storage'],
  ['version', '/version'],
])('answers as recorded: %s', async (name, path, before = 'true') => {
  const { stdout, stderr } = await lab
    .node('pve1')
    .exec(`${before}; pvesh get ${path} --output-format json; qm stop 105`);
  expect(stderr).toBe('');
  expect(essence(JSON.parse(stdout))).toEqual(essence(readAnswer(name)));
});

/** Keys whose values measure the machine, or stand for one moment. */
const MEASURED =
  /^(?:avail|balloon|actual|disk|diskread|diskwrite|digest|ip|maxdisk|maxmem|max_mem|mem|pid|ssl_fingerprint|total|uptime|used|used_fraction)$/;

/** Lists in a fixed order, measured values by their kind, and without what the lab does not have. */
function essence(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(essence).sort(byText);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => key !== 'blockstat');
  return Object.fromEntries(entries.map(([key, each]) => [key, essenceOf(key, each)]));
}

function essenceOf(key: string, value: unknown): unknown {
  if (key === 'content' && typeof value === 'string') return value.split(',').sort().join(',');
  return MEASURED.test(key) && typeof value !== 'object' ? typeof value : essence(value);
}

function byText(a: unknown, b: unknown): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;
}
