import { parsePropertyString } from './property-string.ts';

/** The bridges that a guest's network cards are on, each once, in the order of the configuration. */
export function guestBridges(values: ReadonlyMap<string, string>): readonly string[] {
  const bridges = networkCards(values).flatMap(([, text]) => bridgeOf(text) ?? []);
  return [...new Set(bridges)];
}

/**
 * The network cards whose bridge the map names, as they must be set: `net0: virtio=...,bridge=vmbr0`.
 * For `guestSetCommand`, after a restore.
 */
export function mappedNetworkCards(
  values: ReadonlyMap<string, string>,
  map: ReadonlyMap<string, string>,
): Readonly<Record<string, string>> {
  const changed = networkCards(values).flatMap(([key, text]) => {
    const target = map.get(bridgeOf(text) ?? '');
    return target === undefined ? [] : [[key, withBridge(text, target)] as const];
  });
  return Object.fromEntries(changed);
}

function networkCards(values: ReadonlyMap<string, string>): readonly (readonly [string, string])[] {
  return [...values].filter(([key]) => /^net\d{1,3}$/.test(key));
}

function bridgeOf(text: string): string | undefined {
  return parsePropertyString(text).values.get('bridge');
}

function withBridge(text: string, bridge: string): string {
  return text.replace(
    /(^|,)(\s*bridge\s*=)[^,]*/,
    (_, before: string, key: string) => `${before}${key}${bridge}`,
  );
}
