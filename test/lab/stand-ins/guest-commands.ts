/** What `qm` and `pct` have in common: showing and changing a configuration. */
import { type GuestPlace, readConfig, writeConfig } from './cluster.ts';
import { changed, encodeText, sortedEntries } from './guest-config.ts';
import type { CommandLine } from './options.ts';
import { print } from './print.ts';

export function showConfig(guest: GuestPlace): number {
  for (const [key, value] of sortedEntries(readConfig(guest))) {
    print(1, `${key}: ${key === 'description' ? encodeText(value) : value}\n`);
  }
  return 0;
}

export function setConfig(guest: GuestPlace, line: CommandLine): number {
  const config = readConfig(guest);
  const given = [...line.values].map(([key, values]) => [key, values.at(-1) ?? ''] as const);
  if (guest.type === 'qemu' && given.length > 0) {
    print(1, `update VM ${guest.vmid}: ${given.map(([key, value]) => `-${key} ${value}`).join(' ')}\n`);
  }
  const removed = given.filter(([key]) => key === 'delete').flatMap(([, keys]) => keys.split(','));
  const description = given.find(([key]) => key === 'description')?.[1];
  const values = given.filter(([key]) => key !== 'delete' && key !== 'description');
  const next = changed(config, [...values, ...removed.map((key) => [key, undefined] as const)]);
  const ending = guest.type === 'lxc' ? '\n' : '';
  writeConfig(guest, description === undefined ? next : { ...next, description: `${description}${ending}` });
  return 0;
}
