import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type GuestRef, parseGuestRef } from '../../src/pve/guest.ts';
import { parseGuestConfig } from '../../src/pve/guest-config.ts';
import type { LineIdentity } from '../../src/pve/inventory.ts';
import { lineIdentity, machineOf } from '../../src/pve/line.ts';
import { parseLineId } from '../../src/pve/line-id.ts';

const cluster = 'ab'.repeat(32);
const uuid = 'EE006B58-8988-4989-930F-133AF2E31F4E';
const address = 'bc:24:11:5c:7c:2d';

function ref(text: string): GuestRef {
  const parsed = parseGuestRef(text);
  if (parsed === undefined) throw new Error(text);
  return parsed;
}

describe('a line, which repositories hold for good,', () => {
  test.for([
    ['qemu/101', { kind: 'smbios-uuid', uuid }, `qemu\n101\nsmbios ${uuid.toLowerCase()}\n`],
    ['lxc/201', { kind: 'hardware-address', address }, `lxc\n201\nhwaddr ${address.toUpperCase()}\n`],
    ['lxc/202', { kind: 'none' }, 'lxc\n202\nnone\n'],
  ] as const)('of %s is the start of a hash over text', ([guest, machine, text]) => {
    const hash = createHash('sha256').update(`pvebak line 1\n${cluster}\n${text}`).digest('hex');
    expect(lineIdentity(cluster, ref(guest), machine)).toEqual({ line: hash.slice(0, 16), machine });
  });

  test('differs when anything of it differs', () => {
    const machines: LineIdentity['machine'][] = [
      { kind: 'none' },
      { kind: 'smbios-uuid', uuid },
      { kind: 'hardware-address', address },
    ];
    const lines = ['qemu/101', 'lxc/101', 'qemu/102'].flatMap((guest) =>
      [cluster, 'cd'.repeat(32)].flatMap((of) =>
        machines.map((machine) => lineIdentity(of, ref(guest), machine).line),
      ),
    );
    expect(new Set(lines).size).toBe(18);
  });
});

test.for([
  [
    'qemu',
    `smbios1: uuid=${uuid}\nnet0: virtio=${address}`,
    { kind: 'smbios-uuid', uuid: uuid.toLowerCase() },
  ],
  ['qemu', `net0: virtio=${address}`, { kind: 'none' }],
  ['lxc', `net1: name=eth1,hwaddr=${address}`, { kind: 'hardware-address', address: address.toUpperCase() }],
  ['lxc', `smbios1: uuid=${uuid}`, { kind: 'none' }],
] as const)('the machine of a %s with %j', ([type, text, machine]) => {
  expect(machineOf(type, parseGuestConfig(type, text))).toEqual(machine);
});

test.for([
  ['0123456789abcdef', true],
  ['0123456789ABCDEF', false],
  ['0123456789abcde', false],
  ['', false],
] as const)('%j is a line id: %j', ([text, is]) => {
  expect(parseLineId(text) !== undefined).toBe(is);
});
