/** One section of a configuration file such as `ha/resources.cfg` or `replication.cfg`. */
export interface ConfigSection {
  /** `vm` of `vm: 101` */
  readonly type: string;
  /** `101` of `vm: 101` */
  readonly id: string;
  readonly values: ReadonlyMap<string, string>;
}

/**
 * Parses sections: a line `TYPE: ID`, then indented lines `KEY VALUE`. Lines that are neither are passed over.
 * Source of the form: pve-common PVE/SectionConfig.pm.
 */
export function parseSectionConfig(text: string): readonly ConfigSection[] {
  const sections: { type: string; id: string; values: Map<string, string> }[] = [];
  for (const line of text.split('\n')) {
    const [, type, id] = /^([A-Za-z][\w-]*):\s*(\S+)\s*$/.exec(line) ?? [];
    if (type !== undefined && id !== undefined) sections.push({ type, id, values: new Map() });
    const [, key, value = ''] = /^\s+([A-Za-z][\w-]*)(?:\s+(.*?))?\s*$/.exec(line) ?? [];
    if (key !== undefined) sections.at(-1)?.values.set(key, value);
  }
  return sections;
}
