import { describe, expect, test } from 'vitest';
import { haMemberships } from '../../src/pve/ha-memberships.ts';
import { parseNodeBridges } from '../../src/pve/node-bridges.ts';
import { replicationJobs } from '../../src/pve/replication-jobs.ts';

test('high availability looks after guests by their number, and says what is wanted', () => {
  const text = `vm: 101
\tgroup fast
\tmax_restart 2
\tstate stopped

ct: 105

fencing: 7
vm: ../101
\tstate started
`;
  expect([...haMemberships(text)]).toEqual([
    ['qemu/101', { state: 'stopped', group: 'fast' }],
    ['lxc/105', { state: 'started' }],
  ]);
  expect(haMemberships('').size).toBe(0);
});

test('replication has jobs for each guest', () => {
  const text = `local: 101-0
\ttarget pve2
\trate 10
\tschedule */5
\tsource pve1

local: 101-1
\tdisable
\ttarget pve3

local: 105-0
\ttarget pve2
\tdisable 0

local: 106-0
\ttarget ../pve2
local: x-0
\ttarget pve2
`;
  expect([...replicationJobs(text)]).toEqual([
    [
      101,
      [
        { id: '101-0', target: 'pve2', schedule: '*/5', enabled: true },
        { id: '101-1', target: 'pve3', enabled: false },
      ],
    ],
    [105, [{ id: '105-0', target: 'pve2', enabled: true }]],
  ]);
});

describe("the bridges of a node's network", () => {
  test.for([
    [
      'a bridge by its name',
      'auto vmbr0\niface vmbr0 inet static\n\taddress 10.0.0.1/24\n\tbridge-ports eno1',
      ['vmbr0'],
    ],
    ['a bridge by its ports', 'iface lan inet manual\n  bridge_ports none', ['lan']],
    ['a bridge of Open vSwitch', 'iface ovs0 inet manual\n\tovs_type OVSBridge', ['ovs0']],
    ['both families of one', 'iface vmbr0 inet static\niface vmbr0 inet6 auto', ['vmbr0']],
    ['no plain interface', 'iface eno1 inet manual\niface vmbr0.5 inet static', []],
    ['no ports without an interface', 'iface eno1 inet manual\nauto x\n\tbridge-ports none', []],
    ['a vnet', 'auto lab\niface lab\n\tbridge_ports vxlan_lab\n\tbridge_stp off', ['lab']],
  ] as const)('are %s', ([, text, bridges]) => {
    expect(parseNodeBridges(text)).toEqual(bridges);
  });
});
