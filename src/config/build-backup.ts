import { parseVmid, type Vmid } from '../pve/guest.ts';
import { parseCron } from '../schedule/cron-line.ts';
import { longestGapMs } from '../schedule/cron-moments.ts';
import { parseWindow } from '../schedule/daily-window.ts';
import { asList } from './as-list.ts';
import type { Surroundings } from './build-site.ts';
import { parseDuration } from './parse-duration.ts';
import { promised } from './promised.ts';
import type { OneOrMore, RawBackup, RawFilter, RawRetention, RawSkip } from './raw-site.ts';
import type { BackupPolicy, GuestFilter, PolicySelection, Retention, Schedule, SkipPolicy } from './site.ts';

/** One entry under `backups`. */
export function buildBackup(raw: RawBackup, surroundings: Surroundings): BackupPolicy {
  const { defaults, cadenceMs } = surroundings;
  const timeZone = raw.time_zone ?? surroundings.timeZone;
  const { rpo, schedule } = raw.rpo === undefined && raw.schedule === undefined ? defaults : raw;
  const scheduled = schedule === undefined ? undefined : buildSchedule(schedule, timeZone);
  const window = raw.window ?? defaults.window;
  const verifyWithin = raw.verify_within ?? defaults.verify_within;
  const retention = buildRetention(raw.retention ?? defaults.retention);
  return {
    ...buildSelection(raw),
    repository: promised(raw.repository ?? surroundings.repository, 'repository'),
    rpoMs: rpo === undefined ? cadenceMs + (scheduled?.longestMs ?? 0) : promised(parseDuration(rpo), 'rpo'),
    ...(scheduled !== undefined && { schedule: scheduled.schedule }),
    ...(window !== undefined && { window: { ...promised(parseWindow(window), 'window'), timeZone } }),
    ...(verifyWithin !== undefined && {
      verifyWithinMs: promised(parseDuration(verifyWithin), 'verify_within'),
    }),
    ...(raw.fallback === true && { fallback: true }),
    ...(raw.backup_mode === undefined ? {} : { backupMode: raw.backup_mode }),
    ...(defaults.backup_mode === undefined ? {} : { defaultMode: defaults.backup_mode }),
    ...(retention === undefined ? {} : { retention }),
  };
}

/** One entry under `backups` with `skip`. */
export function buildSkip(
  raw: RawBackup & { readonly skip: RawSkip },
  { timeZone }: Pick<Surroundings, 'timeZone'>,
): SkipPolicy {
  return { ...buildSelection(raw), ...raw.skip, timeZone: raw.time_zone ?? timeZone };
}

/** Whether the entry leaves guests out. */
export function isSkip(raw: RawBackup): raw is RawBackup & { readonly skip: RawSkip } {
  return raw.skip !== undefined;
}

function buildSchedule(
  cron: string,
  timeZone: string,
): { readonly schedule: Schedule; readonly longestMs: number } {
  const parsed = parseCron(cron);
  const line = promised(parsed.kind === 'cron' ? parsed.line : undefined, 'schedule');
  return { schedule: { cron, line, timeZone }, longestMs: promised(longestGapMs(line), 'schedule') };
}

/** `retention`, of a policy or of all. */
function buildRetention(raw: RawRetention | undefined): Retention | undefined {
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

function buildSelection(raw: RawBackup): PolicySelection {
  return {
    name: raw.name,
    hosts: raw.hosts ?? asList(raw.host),
    select: buildScope(raw),
    include: buildFilter(raw.include),
    exclude: buildFilter(raw.exclude),
  };
}

function buildScope(raw: RawBackup): PolicySelection['select'] {
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
    statuses: asList(raw.status),
  };
}

function buildVmids(raw: OneOrMore<number> | undefined): readonly Vmid[] {
  return asList(raw).map((vmid) => promised(parseVmid(vmid), 'vmid'));
}
