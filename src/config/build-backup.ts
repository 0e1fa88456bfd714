import { parseVmid, type Vmid } from '../pve/guest.ts';
import { asList } from './as-list.ts';
import type { Surroundings } from './build-site.ts';
import { parseDuration } from './parse-duration.ts';
import { promised } from './promised.ts';
import type { OneOrMore, RawBackup, RawFilter, RawRetention } from './raw-site.ts';
import type { BackupPolicy, GuestFilter, Retention } from './site.ts';

/** One entry under `backups`. */
export function buildBackup(raw: RawBackup, surroundings: Surroundings): BackupPolicy {
  const retention = buildRetention(raw.retention) ?? surroundings.retention;
  return {
    name: raw.name,
    hosts: raw.hosts ?? asList(raw.host),
    repository: promised(raw.repository ?? surroundings.repository, 'repository'),
    select: buildSelection(raw),
    include: buildFilter(raw.include),
    exclude: buildFilter(raw.exclude),
    rpoMs: raw.rpo === undefined ? surroundings.rpoMs : promised(parseDuration(raw.rpo), 'rpo'),
    ...(raw.backup_mode === undefined ? {} : { backupMode: raw.backup_mode }),
    ...(retention === undefined ? {} : { retention }),
  };
}

/** `retention`, of a policy or of all. */
export function buildRetention(raw: RawRetention | undefined): Retention | undefined {
  if (raw === undefined) return undefined;
  const counts = {
    last: raw['keep-last'],
    hourly: raw['keep-hourly'],
    daily: raw['keep-daily'],
    weekly: raw['keep-weekly'],
    monthly: raw['keep-monthly'],
    yearly: raw['keep-yearly'],
    withinMs: parseDuration(raw['keep-within'] ?? ''),
  };
  return Object.fromEntries(Object.entries(counts).filter(([, value]) => value !== undefined));
}

function buildSelection(raw: RawBackup): BackupPolicy['select'] {
  if (raw.vmid !== undefined) return { kind: 'vmid', vmids: buildVmids(raw.vmid) };
  return raw.pool === undefined ? { kind: 'all' } : { kind: 'pool', pool: raw.pool };
}

function buildFilter(raw: RawFilter | undefined): GuestFilter | undefined {
  if (raw === undefined) return undefined;
  return {
    vmids: buildVmids(raw.vmid),
    tags: asList(raw.tags),
    names: asList(raw.name),
    types: asList(raw.type),
  };
}

function buildVmids(raw: OneOrMore<number> | undefined): readonly Vmid[] {
  return asList(raw).map((vmid) => promised(parseVmid(vmid), 'vmid'));
}
