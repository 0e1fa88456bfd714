import type { GuestFilter } from '../config/site.ts';
import type { Guest } from '../pve/inventory.ts';

/**
 * The first entry of a filter that a guest matches, in words: `vmid 109`, `tag gold`, `name test-*`, `type lxc`, `status
 * stopped`.
 * Names match as a whole, letter case included; `*` stands for any text, `?` for one character.
 * @returns undefined when no entry of any list matches
 */
export function matchFilter(guest: Guest, filter: GuestFilter): string | undefined {
  const vmid = filter.vmids.find((wanted) => wanted === guest.ref.vmid);
  if (vmid !== undefined) return `vmid ${vmid}`;
  const tag = filter.tags.find((wanted) => guest.tags.includes(wanted));
  if (tag !== undefined) return `tag ${tag}`;
  const name = filter.names.find((pattern) => matchesPattern(guest.name, pattern));
  if (name !== undefined) return `name ${name}`;
  const type = filter.types.find((wanted) => wanted === guest.ref.type);
  if (type !== undefined) return `type ${type}`;
  const status = filter.statuses.find((wanted) => wanted === guest.status);
  return status === undefined ? undefined : `status ${status}`;
}

function matchesPattern(name: string | undefined, pattern: string): boolean {
  if (name === undefined) return false;
  const source = pattern
    .replaceAll(/[\\^$.|+()[\]{}]/g, '\\$&')
    .replaceAll('?', '.')
    .replaceAll(/\*+/g, '.*');
  return new RegExp(`^${source}$`, 'su').test(name);
}
