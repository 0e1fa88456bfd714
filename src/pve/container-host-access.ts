import type { ConfigLine } from './config-lines.ts';
import { isHarmlessKey } from './harmless-keys.ts';
import type { HostAccess, HostAccessReason, JudgedConfig } from './host-access.ts';
import { parsePropertyString, parsePveBoolean } from './property-string.ts';

export interface AroundContainerLine {
  readonly from: JudgedConfig['from'];
  readonly privileged: boolean;
}

/** Why a line of a container's configuration reaches the node; undefined when it does not. */
export function containerAccess(line: ConfigLine, around: AroundContainerLine): HostAccessReason | undefined {
  const { key, value } = line;
  if (PLAIN_VALUES.get(key)?.test(value) === false) return 'bad-value';
  if (isHarmlessKey('lxc', key) || key === 'unprivileged') return undefined;
  if (key.startsWith('lxc.')) return 'raw-lxc';
  if (key === 'rootfs' || /^mp\d+$/.test(key)) return volumeAccess(line, around);
  if (key === 'features') return featuresAccess(value, around.privileged);
  if (key === 'hookscript') return 'hook-script';
  return /^dev\d+$/.test(key) ? 'device' : 'unknown-key';
}

/**
 * `pct restore` warns of a value that is none and takes it all the same, and the names of the files that LXC includes are made of
 * `ostype` (pve-container PVE/LXC/Config.pm parse_pct_config, PVE/LXC.pm update_lxc_config).
 */
const PLAIN_VALUES: ReadonlyMap<string, RegExp> = new Map([
  ['ostype', /^\w+$/],
  ['arch', /^\w+$/],
  ['timezone', /^[\w+-]+(?:\/[\w+-]+)*$/],
]);

/**
 * Root in the container is root on the node unless the configuration says otherwise, as Proxmox VE writes it and nowhere
 * differently.
 */
export function isPrivileged(lines: readonly ConfigLine[]): boolean {
  const said = lines.filter(({ key }) => key.toLowerCase() === 'unprivileged');
  const isTrue = ({ isExact, value }: ConfigLine) => isExact && parsePveBoolean(value) === true;
  return !said.every(isTrue) || !said.some(({ section }) => section === 'current');
}

/** pct makes each volume of a backup anew, and takes pending changes over as they are. */
function volumeAccess(
  { value, section }: ConfigLine,
  { from }: AroundContainerLine,
): HostAccessReason | undefined {
  if (section === 'other' && from === 'archive') return 'foreign-volume';
  const { unkeyed, values } = parsePropertyString(value);
  const volume = values.get('volume') ?? unkeyed ?? '';
  if (volume.startsWith('/dev/')) return 'device';
  return volume.startsWith('/') ? 'host-path' : undefined;
}

/** Proxmox VE lets others than root set `nesting` of unprivileged containers only. */
function featuresAccess(value: string, isOfPrivileged: boolean): HostAccessReason | undefined {
  const { unkeyed, values } = parsePropertyString(value);
  const given = [...values].filter(([, setting]) => parsePveBoolean(setting) !== false);
  const isHarmless = ([name]: readonly [string, string]) => name === 'nesting' && !isOfPrivileged;
  return unkeyed === undefined && given.every(isHarmless) ? undefined : 'features';
}

/** What is left of it where pct is told each volume: mount points on paths of the node are not made then. */
export function withoutMountPoints(found: readonly HostAccess[]): readonly HostAccess[] {
  return found.filter(
    ({ line, reason }) => !(/^mp\d+\W/.test(line) && (reason === 'host-path' || reason === 'device')),
  );
}
