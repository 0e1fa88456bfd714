import { type ConfigSections, type DumpedDisk, parseConfigSections } from './config-sections.ts';
import type { GuestType } from './guest.ts';
import { guestVolumes, unusedVolumes } from './guest-volumes.ts';
import type { GuestVolume } from './inventory.ts';
import { type PropertyString, parsePropertyString, parsePveBoolean } from './property-string.ts';
import { parseConfigSize } from './size.ts';

/** What a guest's configuration says that matters for backups and restores. Values are as written, thus not to be trusted. */
export interface GuestConfig {
  readonly name?: string;
  readonly tags: readonly string[];
  readonly template: boolean;
  /** `backup`, `create`, `migrate`, ... */
  readonly lock?: string;
  readonly description: string;
  /** Lower-case; VMs only. */
  readonly smbiosUuid?: string;
  /** Upper-case MAC of net0, or of the lowest netN. */
  readonly hardwareAddress?: string;
  /** When the guest was created, seconds since 1970; VMs only. */
  readonly createdAt?: number;
  /** Containers only. */
  readonly unprivileged: boolean;
  /** Those in use. */
  readonly volumes: readonly GuestVolume[];
  readonly unusedVolumes: readonly GuestVolume[];
  /** Where a container's root file system lies. */
  readonly rootfs?: { readonly storage: string; readonly bytes?: number };
  readonly dumpedDisks: readonly DumpedDisk[];
  /** All keys in force, as written. */
  readonly values: ReadonlyMap<string, string>;
}

/** Parses the text of a configuration file or of the copy in an archive. Never throws. */
export function parseGuestConfig(type: GuestType, text: string): GuestConfig {
  const { values, description, dumpedDisks } = parseConfigSections(text);
  return {
    ...defined('name', nonEmpty(values.get(type === 'qemu' ? 'name' : 'hostname'))),
    tags: parseTags(values.get('tags')),
    template: parsePveBoolean(values.get('template')) === true,
    ...defined('lock', nonEmpty(values.get('lock'))),
    description,
    ...defined('smbiosUuid', type === 'qemu' ? smbiosUuid(values) : undefined),
    ...defined('hardwareAddress', hardwareAddress(values)),
    ...defined('createdAt', createdAt(values)),
    unprivileged: type === 'lxc' && parsePveBoolean(values.get('unprivileged')) === true,
    volumes: guestVolumes(type, values),
    unusedVolumes: unusedVolumes(values),
    ...defined('rootfs', type === 'lxc' ? rootfs(values) : undefined),
    dumpedDisks,
    values,
  };
}

/** Tags as Proxmox VE separates them: by `;`, `,` or space. */
export function parseTags(text: string | undefined): string[] {
  return [...new Set((text ?? '').split(/[;,\s]+/).filter((tag) => tag !== ''))];
}

type Values = ConfigSections['values'];

function smbiosUuid(values: Values): string | undefined {
  const uuid = property(values, 'smbios1')?.values.get('uuid')?.toLowerCase();
  return uuid !== undefined && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(uuid) ? uuid : undefined;
}

/** `net0: virtio=BC:24:11:..,bridge=..` of a VM, `net0: name=eth0,hwaddr=BC:24:11:..,..` of a container. */
function hardwareAddress(values: Values): string | undefined {
  return [...values]
    .flatMap(([key, text]) => (/^net\d{1,3}$/.test(key) ? [{ index: Number(key.slice(3)), text }] : []))
    .toSorted((a, b) => a.index - b.index)
    .flatMap(({ text }) => [...parsePropertyString(text).values.values()].filter(isMac).slice(0, 1))
    .at(0)
    ?.toUpperCase();
}

function isMac(text: string): boolean {
  return /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text);
}

function createdAt(values: Values): number | undefined {
  const text = property(values, 'meta')?.values.get('ctime') ?? '';
  return /^\d{1,12}$/.test(text) ? Number(text) : undefined;
}

function rootfs(values: Values): GuestConfig['rootfs'] {
  const properties = property(values, 'rootfs');
  const volume = properties?.values.get('volume') ?? properties?.unkeyed ?? '';
  const [, storage] = /^([A-Za-z][\w.-]*):/.exec(volume) ?? [];
  const bytes = parseConfigSize(properties?.values.get('size') ?? '');
  return storage === undefined ? undefined : { storage, ...(bytes ? { bytes } : {}) };
}

function property(values: Values, key: string): PropertyString | undefined {
  const text = values.get(key);
  return text === undefined ? undefined : parsePropertyString(text);
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

function defined<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  const entry: { [P in K]?: V } = {};
  if (value !== undefined) entry[key] = value;
  return entry;
}
