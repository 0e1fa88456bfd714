import { parseCron } from '../schedule/cron-line.ts';
import { longestGapMs } from '../schedule/cron-moments.ts';
import { parseWindow } from '../schedule/daily-window.ts';
import { isTimeZone } from '../schedule/zoned-time.ts';
import { badDate } from './check-date.ts';
import { childAt, type TextAt, textsAt, type ValueAt, valuesAt } from './data-paths.ts';
import type { Finding } from './finding.ts';
import { nearest } from './nearest.ts';
import { isRecord } from './schema-error.ts';

/** What a schema cannot say of policies: that schedules come, zones and dates exist, and policies do not contradict each other. */
export function checkPolicies(data: unknown): readonly Finding[] {
  const at = (...patterns: readonly (readonly string[])[]) =>
    patterns.flatMap((pattern) => textsAt(data, pattern));
  return [
    ...at(['defaults', 'schedule'], ['backups', '*', 'schedule']).flatMap(badSchedule),
    ...at(['time_zone'], ['backups', '*', 'time_zone']).flatMap(badTimeZone),
    ...at(['defaults', 'window'], ['backups', '*', 'window']).flatMap(badWindow),
    ...at(['backups', '*', 'skip', 'until']).flatMap(badDate),
    ...valuesAt(data, ['backups', '*']).flatMap((policy) => [
      ...uselessBesideSkip(policy),
      ...excludedInclusions(policy),
    ]),
    ...contradictions(valuesAt(data, ['backups', '*'])),
  ];
}

function badSchedule({ path, text }: TextAt): readonly Finding[] {
  const parsed = parseCron(text);
  if (parsed.kind === 'wrong')
    return [{ path, at: 'value', message: `"${text}" is not a schedule`, hint: parsed.why }];
  if (longestGapMs(parsed.line) !== undefined) return [];
  const hint = 'its day of the month is in none of its months';
  return [{ path, at: 'value', message: `the schedule "${text}" never comes`, hint }];
}

function badTimeZone({ path, text }: TextAt): readonly Finding[] {
  if (isTimeZone(text)) return [];
  const meant = nearest(text, ['UTC', ...Intl.supportedValuesOf('timeZone')]);
  const hint =
    meant === undefined ? 'write a name such as Europe/Berlin, or UTC' : `did you mean "${meant}"?`;
  return [{ path, at: 'value', message: `no time zone is called "${text}"`, hint }];
}

function badWindow({ path, text }: TextAt): readonly Finding[] {
  const [from, to] = text.split('-');
  if (parseWindow(text) !== undefined || from !== to) return [];
  return [
    { path, at: 'value', message: `the window "${text}" is never open`, hint: 'leave it out for any time' },
  ];
}

const BACKUP_KEYS = [
  'rpo',
  'schedule',
  'window',
  'verify_within',
  'fallback',
  'backup_mode',
  'retention',
  'repository',
];

function uselessBesideSkip({ path, value }: ValueAt): readonly Finding[] {
  if (!isRecord(value) || value['skip'] === undefined) return [];
  return BACKUP_KEYS.filter((key) => key in value).map((key) => ({
    path: [...path, key],
    at: 'key',
    message: `"${key}" says nothing beside skip`,
    hint: 'a policy that skips makes no backups: remove one of them',
  }));
}

/** What a policy takes in by name and excludes by the same name. */
function excludedInclusions({ path, value }: ValueAt): readonly Finding[] {
  return ['vmid', 'tags', 'name', 'type', 'status'].flatMap((list) => {
    const excluded = new Set(listAt(value, 'exclude', list));
    const wanted = [...listAt(value, 'include', list), ...(list === 'vmid' ? listAt(value, 'vmid') : [])];
    return wanted
      .filter((entry) => excluded.has(entry))
      .slice(0, 1)
      .map((entry): Finding => {
        const message = `the policy "${nameOf(value)}" selects ${list} ${String(entry)}, and excludes it`;
        return { path: [...path, 'exclude', list], at: 'key', message, hint: 'remove it from one of them' };
      });
  });
}

/** Of each pair of policies for the same hosts, what the later one says against the earlier. */
function contradictions(policies: readonly ValueAt[]): readonly Finding[] {
  return policies.flatMap((later, index) =>
    policies
      .slice(0, index)
      .filter((earlier) => shareHost(earlier.value, later.value))
      .flatMap((earlier) => [...skippedByNumber(earlier, later), ...otherMode(earlier, later)]),
  );
}

/** One selects a guest by its number that the other skips by its number. */
function skippedByNumber(earlier: ValueAt, later: ValueAt): readonly Finding[] {
  if (isSkip(earlier.value) === isSkip(later.value)) return [];
  const known = new Set(listAt(earlier.value, 'vmid'));
  const both = listAt(later.value, 'vmid').filter((vmid) => known.has(vmid));
  if (both.length === 0) return [];
  const [skips, selects] = isSkip(later.value) ? [later, earlier] : [earlier, later];
  const message = `the policy "${nameOf(skips.value)}" skips guest ${both.join(', ')}, and "${nameOf(selects.value)}" selects it`;
  return [{ path: [...later.path, 'vmid'], at: 'key', message, hint: 'name it in one of them only' }];
}

/** Both select the same guests for the same repository, and one dump cannot be made in two modes. */
function otherMode(earlier: ValueAt, later: ValueAt): readonly Finding[] {
  const [mode, other] = [later, earlier].map(({ value }) => childAt(value, 'backup_mode'));
  if (mode === undefined || other === undefined || mode === other) return [];
  const isFiltered = [earlier, later].some(
    ({ value }) =>
      childAt(value, 'include') !== undefined ||
      childAt(value, 'exclude') !== undefined ||
      childAt(value, 'fallback') === true,
  );
  const sameRepository = childAt(earlier.value, 'repository') === childAt(later.value, 'repository');
  const what = isFiltered || !sameRepository ? undefined : sharedSelection(earlier.value, later.value);
  if (what === undefined) return [];
  const message = `the policy "${nameOf(later.value)}" wants ${what} in mode ${String(mode)}, and "${nameOf(earlier.value)}" in mode ${String(other)}`;
  const hint = 'there is one dump for both: give them the same mode';
  return [{ path: [...later.path, 'backup_mode'], at: 'value', message, hint }];
}

/** What both select, in words, where that can be told without asking a node. */
function sharedSelection(a: unknown, b: unknown): string | undefined {
  const vmids = new Set(listAt(a, 'vmid'));
  const vmid = listAt(b, 'vmid').find((one) => vmids.has(one));
  if (vmid !== undefined) return `guest ${String(vmid)}`;
  const pool = childAt(a, 'pool');
  if (pool !== undefined && pool === childAt(b, 'pool')) return `pool ${String(pool)}`;
  return childAt(a, 'all') === true && childAt(b, 'all') === true ? 'all guests' : undefined;
}

function shareHost(a: unknown, b: unknown): boolean {
  const hosts = new Set([...listAt(a, 'host'), ...listAt(a, 'hosts')]);
  return [...listAt(b, 'host'), ...listAt(b, 'hosts')].some((name) => hosts.has(name));
}

function isSkip(value: unknown): boolean {
  return childAt(value, 'skip') !== undefined;
}

function nameOf(value: unknown): string {
  return String(childAt(value, 'name') ?? '');
}

/** One value or a list of them, below some keys. */
function listAt(value: unknown, ...keys: readonly string[]): readonly unknown[] {
  const found = keys.reduce<unknown>((inside, key) => childAt(inside, key), value);
  if (Array.isArray(found)) return found;
  return found === undefined || found === null ? [] : [found];
}
