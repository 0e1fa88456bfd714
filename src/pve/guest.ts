/**
 * What a guest is called: its type and its vmid, written `qemu/101` or `lxc/105` as Proxmox VE does.
 */

/** A vmid that was checked: an integer from 100 to 999999999. */
export type Vmid = number & { readonly __brand: 'Vmid' };

/** The name of a Proxmox VE node: a host name label. */
export type NodeName = string & { readonly __brand: 'NodeName' };

export type GuestType = 'qemu' | 'lxc';

export interface GuestRef {
  readonly type: GuestType;
  readonly vmid: Vmid;
}

/** Parses a vmid from text or a number; undefined when it is none. */
export function parseVmid(value: unknown): Vmid | undefined {
  const number = typeof value === 'string' && /^[1-9]\d{2,8}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isInteger(number) && number >= 100 && number <= 999_999_999
    ? (number as Vmid)
    : undefined;
}

/** Parses a node name (letters, digits, inner hyphens); undefined when it is none. */
export function parseNodeName(value: unknown): NodeName | undefined {
  return typeof value === 'string' && /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(value)
    ? (value as NodeName)
    : undefined;
}

/** Parses `qemu/101` or `lxc/105`; undefined when it is neither. */
export function parseGuestRef(text: string): GuestRef | undefined {
  const [type, id, ...rest] = text.split('/');
  const vmid = parseVmid(id);
  if (rest.length > 0 || vmid === undefined || (type !== 'qemu' && type !== 'lxc')) return undefined;
  return { type, vmid };
}

/** `qemu/101` */
export function formatGuestRef(ref: GuestRef): string {
  return `${ref.type}/${ref.vmid}`;
}
