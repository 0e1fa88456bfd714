/** A guest's configuration file, taken apart but not understood. Only what is in force: pending changes and snapshots are left out. */
export interface ConfigSections {
  /** The first value of each key. */
  readonly values: ReadonlyMap<string, string>;
  /** The comment lines before the first section, decoded, without those that vzdump adds. */
  readonly description: string;
  /** What vzdump notes in the copy inside an archive, one for each dumped disk. */
  readonly dumpedDisks: readonly DumpedDisk[];
}

/** `#qmdump#map:DRIVE:DEVICE:STORAGE:FORMAT:`; qmrestore places the disk by it. */
export interface DumpedDisk {
  readonly drive: string;
  readonly device: string;
  readonly storage: string;
  readonly format: string;
}

/** The cluster file system holds no file larger than 1 MiB. */
const maxCharacters = 1024 * 1024;

/**
 * Parses `/etc/pve/nodes/NODE/{qemu-server,lxc}/VMID.conf`, or the copy of it in an archive. Lines that are none are
 * passed over and what is beyond 1 MiB is not looked at: the text may come from an archive that anybody made.
 * Source of the form: PVE::QemuServer::parse_vm_config, PVE::LXC::Config::parse_pct_config.
 */
export function parseConfigSections(text: string): ConfigSections {
  const values = new Map<string, string>();
  const comments: string[] = [];
  const dumpedDisks: DumpedDisk[] = [];
  for (const line of text.slice(0, maxCharacters).split('\n')) {
    if (/^\[[^\]]*\]\s*$/.test(line)) break;
    const dumped = parseDumpedDisk(line);
    if (dumped !== undefined) dumpedDisks.push(dumped);
    else if (line.startsWith('#')) comments.push(decode(line.slice(1).trimEnd()));
    else setValue(values, line);
  }
  return { values, description: comments.join('\n'), dumpedDisks };
}

function setValue(values: Map<string, string>, line: string): void {
  const [, key, value] = /^([A-Za-z][\w.-]*)\s*[:=]\s*(.*)$/.exec(line) ?? [];
  if (key !== undefined && value !== undefined && !values.has(key)) values.set(key, value.trimEnd());
}

function parseDumpedDisk(line: string): DumpedDisk | undefined {
  const [, drive, device, storage, format] = /^#qmdump#map:([^:]*):([^:]*):([^:]*):([^:]*):/.exec(line) ?? [];
  if (drive === undefined || device === undefined || storage === undefined || format === undefined)
    return undefined;
  return { drive, device, storage, format };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
