import { createHash } from 'node:crypto';
import type { GuestRef } from './guest.ts';
import type { GuestConfig } from './guest-config.ts';
import type { LineId, LineIdentity } from './inventory.ts';

/**
 * A guest's line: what stays the same for as long as it is the same machine. A contract with every repository that
 * exists (FORMAT.md): the first 16 hex digits of SHA-256 over this UTF-8 text, each line ended by LF:
 *
 *     pvebak line 1
 *     CLUSTER       SHA-256 of the cluster's root certificate, 64 lower-case hex digits
 *     TYPE          qemu or lxc
 *     VMID          in decimal
 *     MACHINE       smbios UUID (lower-case), hwaddr MAC (upper-case, with colons), or none
 */
export function lineIdentity(
  clusterFingerprint: string,
  ref: GuestRef,
  machine: LineIdentity['machine'],
): LineIdentity {
  const lines = ['pvebak line 1', clusterFingerprint, ref.type, String(ref.vmid), machineText(machine)];
  const digest = createHash('sha256').update(lines.map((line) => `${line}\n`).join(''));
  return { line: digest.digest('hex').slice(0, 16) as LineId, machine };
}

/** What a configuration says about the machine itself: a VM's smbios uuid, a container's first hardware address. */
export function machineOf(type: GuestRef['type'], config: GuestConfig): LineIdentity['machine'] {
  if (type === 'qemu') {
    return config.smbiosUuid === undefined
      ? { kind: 'none' }
      : { kind: 'smbios-uuid', uuid: config.smbiosUuid };
  }
  const address = config.hardwareAddress;
  return address === undefined ? { kind: 'none' } : { kind: 'hardware-address', address };
}

function machineText(machine: LineIdentity['machine']): string {
  switch (machine.kind) {
    case 'smbios-uuid':
      return `smbios ${machine.uuid.toLowerCase()}`;
    case 'hardware-address':
      return `hwaddr ${machine.address.toUpperCase()}`;
    case 'none':
      return 'none';
  }
}
