import { formatGuestRef, parseVmid } from './guest.ts';
import type { HaMembership } from './inventory.ts';
import { parseSectionConfig } from './section-config.ts';

/** Parses /etc/pve/ha/resources.cfg: the guests that high availability looks after, by name, `qemu/101`. */
export function haMemberships(text: string): ReadonlyMap<string, HaMembership> {
  return new Map(
    parseSectionConfig(text).flatMap(({ type, id, values }): [string, HaMembership][] => {
      const vmid = parseVmid(id);
      if (vmid === undefined || (type !== 'vm' && type !== 'ct')) return [];
      const group = values.get('group');
      const membership = {
        state: values.get('state') ?? 'started',
        ...(group === undefined ? {} : { group }),
      };
      return [[formatGuestRef({ type: type === 'vm' ? 'qemu' : 'lxc', vmid }), membership]];
    }),
  );
}
