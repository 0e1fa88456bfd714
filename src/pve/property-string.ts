/**
 * Parses a property string of Proxmox VE, `local:101/disk.raw,size=64M,backup=0`: pairs, of which one may stand
 * without its key. `unkeyed` is undefined when none does. Never throws; the first of two pairs with one key counts.
 */
export function parsePropertyString(text: string): PropertyString {
  const values = new Map<string, string>();
  let unkeyed: string | undefined;
  for (const part of text.split(',')) {
    const at = part.indexOf('=');
    if (at < 0) unkeyed ??= part.trim();
    else if (!values.has(part.slice(0, at).trim()))
      values.set(part.slice(0, at).trim(), part.slice(at + 1).trim());
  }
  return { unkeyed: unkeyed === '' ? undefined : unkeyed, values };
}

export interface PropertyString {
  readonly unkeyed: string | undefined;
  readonly values: ReadonlyMap<string, string>;
}

/** What Proxmox VE takes for a boolean: `1`, `on`, `yes`, `true` and their opposites; undefined for anything else. */
export function parsePveBoolean(text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined;
  if (/^(1|on|yes|true)$/i.test(text)) return true;
  return /^(0|off|no|false)$/i.test(text) ? false : undefined;
}
