import { parseNodeName, parseVmid, type Vmid } from './guest.ts';
import type { ReplicationJob } from './inventory.ts';
import { parsePveBoolean } from './property-string.ts';
import { type ConfigSection, parseSectionConfig } from './section-config.ts';

/** Parses /etc/pve/replication.cfg: the jobs of each guest; `101-0` is the first of guest 101. */
export function replicationJobs(text: string): ReadonlyMap<Vmid, readonly ReplicationJob[]> {
  const jobs = new Map<Vmid, ReplicationJob[]>();
  for (const section of parseSectionConfig(text)) {
    const vmid = parseVmid(/^(\d+)-\d+$/.exec(section.id)?.[1]);
    const job = jobOf(section);
    if (vmid !== undefined && job !== undefined) jobs.set(vmid, [...(jobs.get(vmid) ?? []), job]);
  }
  return jobs;
}

function jobOf({ id, values }: ConfigSection): ReplicationJob | undefined {
  const target = parseNodeName(values.get('target'));
  const schedule = values.get('schedule');
  if (target === undefined) return undefined;
  return {
    id,
    target,
    ...(schedule === undefined ? {} : { schedule }),
    // The key alone, without a value, disables as well.
    enabled: !values.has('disable') || parsePveBoolean(values.get('disable')) === false,
  };
}
