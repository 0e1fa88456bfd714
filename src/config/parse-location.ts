import { isIPv6 } from 'node:net';

/** The address of a node's SSH server. `host` is a name or an address, IPv6 without brackets. */
export interface Location {
  readonly host: string;
  readonly port: number;
}

/** Parses `proxmox://ADDRESS[:PORT]`, IPv6 in brackets, port 22 when not given; undefined when it is none. */
export function parseLocation(text: string): Location | undefined {
  const match = /^proxmox:\/\/(?:\[([^\]]+)\]|([A-Za-z0-9._-]{1,253}))(?::(\d{1,5}))?\/?$/.exec(text);
  const [, inBrackets, name, digits] = match ?? [];
  const host = inBrackets ?? name;
  const port = Number(digits ?? 22);
  if (host === undefined || port < 1 || port > 65_535) return undefined;
  return inBrackets !== undefined && !isIPv6(inBrackets) ? undefined : { host, port };
}
