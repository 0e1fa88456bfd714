import { checkMoves } from './check-moves.ts';
import { checkPolicies } from './check-policies.ts';
import { checkRestores } from './check-restores.ts';
import { type TextAt, textsAt, type ValueAt, valuesAt } from './data-paths.ts';
import { expandPath } from './expand-path.ts';
import type { DataPath, Finding } from './finding.ts';
import { nearest } from './nearest.ts';
import { isRecord } from './schema-error.ts';

/**
 * What a schema cannot say: that names lead somewhere and are used once. It looks at data that may also break
 * the schema, so that all problems of a file are said at once; what is malformed there is left to the schema.
 */
export function checkSite(data: unknown): readonly Finding[] {
  const hosts = { what: 'host', section: 'hosts', names: namesIn(data, 'hosts') };
  const repositories = { what: 'repository', section: 'repositories', names: namesIn(data, 'repositories') };
  return [
    ...repeated(idsOfHosts(data), 'host id'),
    ...repeated(textsAt(data, ['backups', '*', 'name']), 'policy name'),
    ...repeated(textsAt(data, ['restores', '*', 'name']), 'restore name'),
    ...HOST_REFERENCES.flatMap((pattern) => unknownNames(textsAt(data, pattern), hosts)),
    ...SOURCE_REFERENCES.flatMap((pattern) =>
      unknownNames(textsAt(data, pattern), { ...hosts, names: namesAndIds(data, hosts.names) }),
    ),
    ...REPOSITORY_REFERENCES.flatMap((pattern) => unknownNames(textsAt(data, pattern), repositories)),
    ...undecidedRepositories(data, repositories.names),
    ...valuesAt(data, ['hosts', '*']).flatMap(sudoOnTheNode),
    ...checkPolicies(data),
    ...checkRestores(data),
    ...checkMoves(data),
    ...LOCAL_PATHS.flatMap((pattern) => foreignHomes(textsAt(data, pattern))),
  ];
}

const HOST_REFERENCES = [
  ['backups', '*', 'host'],
  ['backups', '*', 'hosts', '*'],
  ['restores', '*', 'to', 'host'],
  ['moved', '*', 'to', 'host'],
];

/** Where backups are from: the entry, or its id. */
const SOURCE_REFERENCES = [
  ['restores', '*', 'from'],
  ['restores', '*', 'select', 'host'],
];

const REPOSITORY_REFERENCES = [
  ['defaults', 'repository'],
  ['backups', '*', 'repository'],
  ['restores', '*', 'repository'],
];

const LOCAL_PATHS = [
  ['repositories', '*', 'path'],
  ['repositories', '*', 'password', 'file'],
  ['hosts', '*', 'conn_identity_file'],
  ['hosts', '*', 'conn_agent'],
  ['hosts', '*', 'known_hosts'],
  ['hosts', '*', 'known_hosts', '*'],
];

interface Known {
  readonly what: string;
  readonly section: string;
  /** Undefined when the section itself is missing or malformed: then nothing can be said. */
  readonly names: readonly string[] | undefined;
}

function namesIn(data: unknown, section: string): readonly string[] | undefined {
  const entries = isRecord(data) ? data[section] : undefined;
  return isRecord(entries) ? Object.keys(entries) : undefined;
}

function namesAndIds(data: unknown, names: readonly string[] | undefined): readonly string[] | undefined {
  return names === undefined
    ? undefined
    : [...names, ...textsAt(data, ['hosts', '*', 'id']).map(({ text }) => text)];
}

/** Each host's id with the place that gives it: the id, or the entry's name. */
function idsOfHosts(data: unknown): readonly TextAt[] {
  const given = textsAt(data, ['hosts', '*', 'id']);
  const withId = new Set(given.map(({ path }) => path[1]));
  const byName = (namesIn(data, 'hosts') ?? []).filter((name) => !withId.has(name));
  return [...byName.map((name) => ({ path: ['hosts', name], text: name })), ...given];
}

function repeated(texts: readonly TextAt[], what: string): readonly Finding[] {
  const seen = new Map<string, DataPath>();
  return texts.flatMap(({ path, text }): readonly Finding[] => {
    const earlier = seen.get(text);
    if (earlier === undefined) {
      seen.set(text, path);
      return [];
    }
    const message = `the ${what} "${text}" is used twice`;
    return [{ path, at: 'value', message, hint: 'each needs one of its own', earlier }];
  });
}

function unknownNames(references: readonly TextAt[], known: Known): readonly Finding[] {
  const { names, what, section } = known;
  if (names === undefined) return [];
  return references
    .filter(({ text }) => !names.includes(text))
    .map(({ path, text }) => {
      const meant = nearest(text, names);
      const hint =
        meant === undefined ? `the ${section} here are ${names.join(', ')}` : `did you mean "${meant}"?`;
      return { path, at: 'value', message: `no ${what} is called "${text}"`, hint };
    });
}

/** With several repositories and no default, each policy and restore must name its own. */
function undecidedRepositories(data: unknown, names: readonly string[] | undefined): readonly Finding[] {
  const hasDefault = textsAt(data, ['defaults', 'repository']).length > 0;
  if (hasDefault || names === undefined || names.length < 2) return [];
  const entries = [...valuesAt(data, ['backups', '*']), ...valuesAt(data, ['restores', '*'])];
  return entries
    .filter(({ value }) => isRecord(value) && !('repository' in value) && !('skip' in value))
    .map(({ path }) => ({
      path,
      at: 'key',
      message: 'missing key "repository"',
      hint: `there are several (${names.join(', ')}): name one here, or for all under defaults`,
    }));
}

/** Nobody logs in there, and what ends a command could not end sudo. */
function sudoOnTheNode({ path, value }: ValueAt): readonly Finding[] {
  if (!isRecord(value) || value['mode'] !== 'local' || value['sudo'] !== true) return [];
  const hint = 'remove the key, and run pvebak itself as root';
  return [{ path: [...path, 'sudo'], at: 'key', message: '"sudo" is only for mode: remote', hint }];
}

function foreignHomes(paths: readonly TextAt[]): readonly Finding[] {
  return paths
    .filter(({ text }) => expandPath(text, { folder: '/', home: '/' }) === undefined)
    .map(({ path, text }) => ({
      path,
      at: 'value',
      message: `"${text}" names another user's home folder`,
      hint: 'write the whole path; only ~/ is understood',
    }));
}
