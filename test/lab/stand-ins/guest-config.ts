/**
 * The configuration file of a guest: `#` lines that are its description, `key: value` lines, then sections of snapshots and
 * pending changes, which are kept as they are.
 */

export type GuestType = 'qemu' | 'lxc';

export interface GuestConfig {
  /** Decoded; of a container it ends with a line end, of a VM it does not. */
  readonly description: string | undefined;
  readonly values: ReadonlyMap<string, string>;
  /** The sections after the first `[`, verbatim. */
  readonly sections: string;
}

export function parseGuestConfig(content: string, type: GuestType): GuestConfig {
  const start = content.search(/^\[/m);
  const main = start < 0 ? content : content.slice(0, start);
  const comments: string[] = [];
  const values = new Map<string, string>();
  for (const line of main.split('\n')) {
    const [, key, value] = /^([a-z][\w.-]*):\s*(.*?)\s*$/i.exec(line) ?? [];
    if (line.startsWith('#')) comments.push(decodeText(line.slice(1)));
    else if (key !== undefined) values.set(key, value ?? '');
  }
  const joined = comments.join('\n') + (type === 'lxc' ? '\n' : '');
  const description = comments.length > 0 ? joined : undefined;
  return { description, values, sections: start < 0 ? '' : content.slice(start) };
}

export function formatGuestConfig(config: GuestConfig): string {
  const comments = (config.description ?? '').replace(/\n$/, '').split('\n');
  const head = config.description === undefined ? [] : comments.map((line) => `#${encodeText(line)}`);
  const lines = [...config.values].sort(byKey).map(([key, value]) => `${key}: ${value}`);
  const main = [...head, ...lines].map((line) => `${line}\n`).join('');
  return config.sections === '' ? main : `${main}\n${config.sections}`;
}

/** The values with the description among them, in the order in which the tools list them. */
export function sortedEntries(config: GuestConfig): readonly (readonly [string, string])[] {
  const all = new Map(config.values);
  if (config.description !== undefined) all.set('description', config.description);
  return [...all].sort(byKey);
}

/** With some values set, or removed where undefined. */
export function changed(
  config: GuestConfig,
  changes: Iterable<readonly [string, string | undefined]>,
): GuestConfig {
  const values = new Map(config.values);
  for (const [key, value] of changes) {
    if (value === undefined) values.delete(key);
    else values.set(key, value);
  }
  return { ...config, values };
}

/** The part of each key and value that Proxmox VE stores encoded: control characters, per cent, colon, and what is not ASCII. */
export function encodeText(text: string): string {
  return Array.from(Buffer.from(text, 'utf8'), (byte) => {
    const plain = byte > 0x1f && byte < 0x7f && byte !== 0x25 && byte !== 0x3a;
    return plain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');
}

export function decodeText(text: string): string {
  const bytes = Buffer.from(text, 'utf8').toString('latin1');
  const decoded = bytes.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(decoded, 'latin1').toString('utf8');
}

/** Nearly every start of a tool loads this module, and few of them need the cryptography. */
export function digestOf(content: string): string {
  return process.getBuiltinModule('node:crypto').createHash('sha1').update(content).digest('hex');
}

function byKey(a: readonly [string, string], b: readonly [string, string]): number {
  return a[0] < b[0] ? -1 : 1;
}
