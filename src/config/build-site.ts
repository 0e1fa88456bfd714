import { buildBackup, buildSkip, isSkip } from './build-backup.ts';
import { buildHost } from './build-host.ts';
import { buildMove } from './build-move.ts';
import { buildRestore } from './build-restore.ts';
import { buildSecret } from './build-secret.ts';
import { expandPath, type PathBase } from './expand-path.ts';
import type { DataPath } from './finding.ts';
import { parseDuration } from './parse-duration.ts';
import { promised } from './promised.ts';
import type { RawDefaults, RawRepository, RawSite } from './raw-site.ts';
import type { ForgetMax, Guards, HostEntry, RepositoryEntry, Site } from './site.ts';

/** What policies and restores take from the rest of the file. */
export interface Surroundings {
  /** The repository of those that name none, where there is one. */
  readonly repository: string | undefined;
  readonly cadenceMs: number;
  readonly defaults: RawDefaults;
  readonly timeZone: string;
  readonly hosts: ReadonlyMap<string, HostEntry>;
}

export interface SitePlace {
  /** Absolute. */
  readonly file: string;
  readonly home: string;
  readonly timeZone?: string | undefined;
  /** Where relative paths of an entry start: the folder of the file that it is in. */
  readonly folderOf: (path: DataPath) => string;
}

/** Fills in defaults and makes paths absolute; the data has passed the schema and `check-site.ts`. */
export function buildSite(raw: RawSite, at: SitePlace): Site {
  const baseOf = (...path: DataPath): PathBase => ({ folder: at.folderOf(path), home: at.home });
  const cadenceMs = promised(parseDuration(raw.cadence ?? '24h'), 'cadence');
  const repositories = mapEntries(raw.repositories, (name, entry) =>
    buildRepository(name, entry, baseOf('repositories', name)),
  );
  const hosts = mapEntries(raw.hosts, (name, entry) => buildHost(name, entry, baseOf('hosts', name)));
  const surroundings = {
    repository: raw.defaults?.repository ?? onlyName(repositories),
    cadenceMs,
    defaults: raw.defaults ?? {},
    timeZone: raw.time_zone ?? at.timeZone ?? 'UTC',
    hosts,
  };
  const entries = raw.backups ?? [];
  const skips = entries.filter(isSkip);
  return {
    file: at.file,
    cadenceMs,
    repositories,
    hosts,
    backups: entries.filter((entry) => !isSkip(entry)).map((entry) => buildBackup(entry, surroundings)),
    ...(skips.length > 0 && { skips: skips.map((entry) => buildSkip(entry, surroundings)) }),
    restores: (raw.restores ?? []).map((restore) => buildRestore(restore, surroundings)),
    ...(raw.moved !== undefined && { moved: raw.moved.map((move) => buildMove(move, surroundings)) }),
    ...(raw.orphans !== undefined && {
      orphans: { keepMs: promised(parseDuration(raw.orphans.keep), 'orphans.keep') },
    }),
    guards: buildGuards(raw.guards),
  };
}

function buildGuards(raw: RawSite['guards'] = {}): Guards {
  const { forget_max, policy_change_grace: grace, uncovered } = raw;
  return {
    forgetMax: buildForgetMax(forget_max),
    ...(grace !== undefined && {
      policyChangeGraceMs: promised(parseDuration(grace), 'guards.policy_change_grace'),
    }),
    ...(uncovered === 'fail' && { uncovered }),
  };
}

/** Small repositories lose a large share with a few snapshots: unless a share is given, ten may always go. */
function buildForgetMax(text: string | undefined): ForgetMax {
  if (text === undefined) return { share: 0.1, atLeast: 10 };
  return { share: Number(text.slice(0, -1)) / 100, atLeast: 0 };
}

function buildRepository(name: string, raw: RawRepository, base: PathBase): RepositoryEntry {
  const path = promised(expandPath(raw.path, base), 'path');
  return {
    name,
    path,
    password: buildSecret(raw.password, base),
    ...(raw.prune !== undefined && { prune: buildPrune(raw.prune) }),
  };
}

function buildPrune({
  every = '7d',
  max_unused: unused = '10%',
}: NonNullable<RawRepository['prune']>): NonNullable<RepositoryEntry['prune']> {
  const everyMs = promised(parseDuration(every), 'prune.every');
  return { everyMs, mostUnusedShare: Number(unused.slice(0, -1)) / 100 };
}

function onlyName(map: ReadonlyMap<string, unknown>): string | undefined {
  return map.size === 1 ? [...map.keys()][0] : undefined;
}

function mapEntries<Raw, Entry>(
  raw: Readonly<Record<string, Raw>>,
  build: (name: string, entry: Raw) => Entry,
): ReadonlyMap<string, Entry> {
  return new Map(Object.entries(raw).map(([name, entry]) => [name, build(name, entry)]));
}
