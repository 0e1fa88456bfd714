/**
 * The bridges that a node's `/etc/network/interfaces` declares (and what it includes), each once: those that are
 * called `vmbr...`, those with bridge ports and those of Open vSwitch.
 * Source of the form: interfaces(5); pve-common PVE/INotify.pm for what counts as a bridge.
 */
export function parseNodeBridges(text: string): readonly string[] {
  const bridges = new Set<string>();
  let current: string | undefined;
  for (const line of text.split('\n')) {
    const [, name] = /^\s*iface\s+(\S+)/.exec(line) ?? [];
    if (name !== undefined) current = name;
    else if (/^\s*(?:auto|allow-\S+|mapping|source\S*)\s/.test(line)) current = undefined;
    const isBridge =
      name?.startsWith('vmbr') || /^\s*(?:bridge[-_]ports\b|ovs_type\s+OVSBridge\b)/.test(line);
    if (current !== undefined && isBridge) bridges.add(current);
  }
  // vmbr0.5 is an address on a VLAN of vmbr0, and no bridge.
  return [...bridges].filter((name) => !name.includes('.'));
}
