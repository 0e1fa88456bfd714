import { badDate } from './check-date.ts';
import { childAt, textsAt, type ValueAt, valuesAt } from './data-paths.ts';
import type { DataPath, Finding } from './finding.ts';
import { isRecord } from './schema-error.ts';

/** What a schema cannot say of restores: that none overwrites its own source or another one unasked, and that keys fit together. */
export function checkRestores(data: unknown): readonly Finding[] {
  const restores = valuesAt(data, ['restores', '*']);
  const ids = hostIds(data);
  return [
    ...textsAt(data, ['restores', '*', 'before']).flatMap(badDate),
    ...restores.flatMap((restore) => [
      ...beforeAnId(restore),
      ...ofOneOrMany(restore),
      ...changedWithoutReplace(restore),
      ...ontoItself(restore, ids),
    ]),
    ...sameTarget(restores),
  ];
}

/** What the repository knows each host entry by. */
function hostIds(data: unknown): ReadonlyMap<string, string> {
  const hosts = childAt(data, 'hosts');
  const entries = isRecord(hosts) ? Object.entries(hosts) : [];
  return new Map(entries.map(([name, entry]) => [name, textOf(childAt(entry, 'id')) ?? name]));
}

function beforeAnId({ path, value }: ValueAt): readonly Finding[] {
  const snapshot = childAt(value, 'snapshot') ?? 'latest';
  if (childAt(value, 'before') === undefined || snapshot === 'latest') return [];
  const message = 'an id says which snapshot is meant: "before" says nothing more';
  return [{ path: [...path, 'before'], at: 'key', message, hint: 'leave one of the two out' }];
}

function changedWithoutReplace({ path, value }: ValueAt): readonly Finding[] {
  if (childAt(value, 'when') !== 'changed' || childAt(value, 'on_existing') === 'replace') return [];
  const message = '"when: changed" overwrites the guest that it restored before';
  return [{ path: [...path, 'when'], at: 'value', message, hint: 'say so with on_existing: replace' }];
}

/** What goes with a guest only, or with a selection only; that one of them is given is the schema's to say. */
function ofOneOrMany({ path, value }: ValueAt): readonly Finding[] {
  if (isGroup(value) === (childAt(value, 'guest') !== undefined)) return [];
  const to = childAt(value, 'to');
  const order = childAt(value, 'order');
  const misplaced = (place: DataPath, hint: string): Finding => ({
    path: [...path, ...place],
    at: 'key',
    message: `"${place.at(-1)}" does not go with "${isGroup(value) ? 'select' : 'guest'}"`,
    hint,
  });
  if (isGroup(value))
    return [
      ...(childAt(value, 'from') === undefined ? [] : [misplaced(['from'], 'select says it: host')]),
      ...([undefined, 'latest'].includes(textOf(childAt(value, 'snapshot')))
        ? []
        : [misplaced(['snapshot'], 'before chooses older ones')]),
      ...(childAt(to, 'vmid') === undefined
        ? []
        : [misplaced(['to', 'vmid'], 'each keeps its own, plus vmid_offset')]),
    ];
  return [
    ...(childAt(value, 'from') === undefined
      ? [
          {
            path,
            at: 'key',
            message: 'missing key "from"',
            hint: 'name the host whose backup it is',
          } as const,
        ]
      : []),
    ...(childAt(to, 'vmid_offset') === undefined ? [] : [misplaced(['to', 'vmid_offset'], 'give its vmid')]),
    ...(order === undefined || typeof order === 'number'
      ? []
      : [misplaced(['order'], 'of one guest it is a number')]),
  ];
}

function isGroup(restore: unknown): boolean {
  return childAt(restore, 'select') !== undefined;
}

/** There the guests themselves are in the way, for as long as all is well; and would fall back to each new backup of theirs. */
function ontoItself({ path, value }: ValueAt, ids: ReadonlyMap<string, string>): readonly Finding[] {
  const { host, vmid, guest } = targetOf(value);
  const from = textOf(isGroup(value) ? childAt(childAt(value, 'select'), 'host') : childAt(value, 'from'));
  if (host === undefined || from === undefined) return [];
  if ((ids.get(host) ?? host) !== (ids.get(from) ?? from)) return [];
  const offset = childAt(childAt(value, 'to'), 'vmid_offset') ?? 0;
  const isSource = isGroup(value) ? offset === 0 : vmid !== undefined && guest?.endsWith(`/${vmid}`);
  if (!isSource) return [];
  const what = isGroup(value) ? 'guests onto themselves' : `${guest} onto itself`;
  const other = isGroup(value) ? 'give a vmid_offset' : 'choose another vmid';
  const finding = (message: string, hint: string): Finding => ({
    path: [...path, 'to'],
    at: 'key',
    message,
    hint,
  });
  if (childAt(value, 'on_existing') !== 'replace')
    return [
      finding(
        `it restores ${what}, and may not overwrite`,
        `${other}, or allow it with on_existing: replace`,
      ),
    ];
  if (childAt(value, 'when') !== 'changed' || childAt(value, 'manual') === true) return [];
  return [
    finding(
      `it would restore ${what} again and again, whenever there is a newer backup`,
      `${other}, leave out when, or make it manual: true`,
    ),
  ];
}

/** Of those that act without being named, only one would ever get the vmid. */
function sameTarget(restores: readonly ValueAt[]): readonly Finding[] {
  const taken = new Map<string, DataPath>();
  return restores.flatMap(({ path, value }): readonly Finding[] => {
    const { host, vmid } = targetOf(value);
    if (host === undefined || vmid === undefined || childAt(value, 'manual') === true) return [];
    const key = `${host} ${vmid}`;
    const earlier = taken.get(key);
    if (earlier === undefined) {
      taken.set(key, path);
      return [];
    }
    const message = `another restore goes to vmid ${vmid} on ${host} as well`;
    const hint = 'choose another vmid, or make one of them manual: true';
    return [{ path: [...path, 'to'], at: 'key', message, hint, earlier: [...earlier, 'to'] }];
  });
}

function targetOf(restore: unknown): {
  readonly host: string | undefined;
  readonly vmid: string | undefined;
  readonly guest: string | undefined;
} {
  const to = childAt(restore, 'to');
  const guest = textOf(childAt(restore, 'guest'));
  const vmid = childAt(to, 'vmid') ?? guest?.split('/')[1];
  return {
    host: textOf(childAt(to, 'host')),
    vmid: typeof vmid === 'number' || typeof vmid === 'string' ? String(vmid) : undefined,
    guest,
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
