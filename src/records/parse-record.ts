import type {
  AckRecord,
  AdoptRecord,
  PinRecord,
  PoliciesRecord,
  PruneRecord,
  PvebakRecord,
  RecordedLine,
  RecordedRetention,
  RecordedSnapshot,
  RestoreRecord,
  VerifyRecord,
} from './record.ts';

/**
 * Parses record.json. It comes from outside: whatever does not have the form of a kind that is known is none, and members
 * that are not known are left out.
 */
export function parseRecord(json: Uint8Array): PvebakRecord | undefined {
  const raw = parseObject(json);
  if (raw['version'] !== 1) return undefined;
  switch (raw['kind']) {
    case 'verify':
      return parseVerify(raw);
    case 'pin':
      return parsePin(raw);
    case 'ack':
      return parseAck(raw);
    case 'restore':
      return parseRestore(raw);
    case 'policies':
      return parsePolicies(raw);
    case 'prune':
      return parsePrune(raw);
    case 'adopt':
      return parseAdopt(raw);
    default:
      return undefined;
  }
}

type Raw = Readonly<Record<string, unknown>>;

function parseVerify(raw: Raw): VerifyRecord | undefined {
  const { started, ended, host, faults } = raw;
  const scope = oneOf(raw['scope'], ['repository', 'snapshots']);
  const reading = oneOf(raw['reading'], ['structure', 'subset', 'read-data']);
  const outcome = oneOf(raw['outcome'], ['whole', 'damaged']);
  const whole = parseSnapshots(raw['whole']);
  const damaged = parseSnapshots(raw['damaged']);
  const part = parsePart(raw['part']);
  if (!isTime(started) || !isTime(ended) || typeof host !== 'string' || !isTexts(faults)) return undefined;
  if (scope === undefined || reading === undefined || outcome === undefined) return undefined;
  if (whole === undefined || damaged === undefined || (part === undefined) !== (reading !== 'subset'))
    return undefined;
  const facts = { started, ended, host, scope, reading, ...(part !== undefined && { part }) };
  return { kind: 'verify', ...facts, outcome, whole, damaged, faults };
}

function parsePin(raw: Raw): PinRecord | undefined {
  const { until, reason } = raw;
  const snapshots = parseSnapshots(raw['snapshots']);
  if (snapshots === undefined || typeof reason !== 'string') return undefined;
  if (until !== undefined && !isTime(until)) return undefined;
  return { kind: 'pin', snapshots, ...(until !== undefined && { until }), reason };
}

function parseAck({ snapshots: listed, reason }: Raw): AckRecord | undefined {
  const snapshots = parseSnapshots(listed);
  return snapshots === undefined || typeof reason !== 'string'
    ? undefined
    : { kind: 'ack', snapshots, reason };
}

function parseRestore(raw: Raw): RestoreRecord | undefined {
  const { guest, started, ended } = raw;
  const snapshot = parseSnapshot(raw['snapshot']);
  const outcome = oneOf(raw['outcome'], ['begun', 'restored', 'failed']);
  const { host, node, vmid, cluster, line } = asObject(raw['to']);
  if (snapshot === undefined || outcome === undefined) return undefined;
  if (typeof guest !== 'string' || !isTime(started) || !isTime(ended)) return undefined;
  if (typeof host !== 'string' || typeof node !== 'string' || !isCount(vmid)) return undefined;
  const to = {
    host,
    node,
    vmid,
    ...(matches(cluster, ID) && { cluster }),
    ...(matches(line, LINE) && { line }),
  };
  return { kind: 'restore', snapshot, guest, to, started, ended, outcome };
}

function parsePolicies({ policies }: Raw): PoliciesRecord | undefined {
  if (!Array.isArray(policies)) return undefined;
  const parsed = policies.map((one) => {
    const { name, keep } = asObject(one);
    const retention = keep === undefined ? undefined : parseRetention(keep);
    if (typeof name !== 'string' || (keep !== undefined && retention === undefined)) return undefined;
    return { name, ...(retention !== undefined && { keep: retention }) };
  });
  return parsed.every((one) => one !== undefined) ? { kind: 'policies', policies: parsed } : undefined;
}

function parsePrune({ bytes, unusedBytes }: Raw): PruneRecord | undefined {
  return isCount(bytes) && isCount(unusedBytes) ? { kind: 'prune', bytes, unusedBytes } : undefined;
}

const RULES = ['last', 'hourly', 'daily', 'weekly', 'monthly', 'yearly', 'withinMs'] as const;

/** @returns undefined also where it says nothing that is known: that would keep nothing */
function parseRetention(value: unknown): RecordedRetention | undefined {
  const raw = asObject(value);
  const known = RULES.flatMap((rule) => {
    const given = raw[rule];
    return isCount(given) && given > 0 ? [[rule, given] as const] : [];
  });
  return known.length === 0 ? undefined : Object.fromEntries(known);
}

function parseAdopt({ from, to, undone, reason }: Raw): AdoptRecord | undefined {
  const [old, current] = [parseLine(from), parseLine(to)];
  if (old === undefined || current === undefined || typeof reason !== 'string') return undefined;
  if (undone !== undefined && undone !== true) return undefined;
  return { kind: 'adopt', from: old, to: current, ...(undone === true && { undone }), reason };
}

function parseLine(value: unknown): RecordedLine | undefined {
  const { line, hostname, path } = asObject(value);
  if (!matches(line, LINE)) return undefined;
  return {
    line,
    ...(typeof hostname === 'string' && { hostname }),
    ...(typeof path === 'string' && { path }),
  };
}

function parsePart(value: unknown): { readonly number: number; readonly of: number } | undefined {
  const { number, of } = asObject(value);
  return isCount(number) && isCount(of) && number >= 1 && number <= of ? { number, of } : undefined;
}

function parseSnapshots(value: unknown): readonly RecordedSnapshot[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const parsed = value.map(parseSnapshot);
  return parsed.every((snapshot) => snapshot !== undefined) ? parsed : undefined;
}

function parseSnapshot(value: unknown): RecordedSnapshot | undefined {
  const { id, original, path, hostname, time } = asObject(value);
  if (!matches(id, ID)) return undefined;
  return {
    id,
    ...(matches(original, ID) && { original }),
    ...(typeof path === 'string' && { path }),
    ...(typeof hostname === 'string' && { hostname }),
    ...(isTime(time) && { time }),
  };
}

const ID = /^[0-9a-f]{64}$/;
const LINE = /^[0-9a-f]{16}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;

function isTime(value: unknown): value is string {
  return matches(value, TIME) && !Number.isNaN(Date.parse(value));
}

function matches(value: unknown, pattern: RegExp): value is string {
  return typeof value === 'string' && pattern.test(value);
}

function oneOf<T extends string>(value: unknown, texts: readonly T[]): T | undefined {
  return texts.find((text) => text === value);
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((text) => typeof text === 'string');
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function parseObject(json: Uint8Array): Raw {
  try {
    return asObject(JSON.parse(Buffer.from(json).toString('utf8')));
  } catch {
    return {};
  }
}

function asObject(value: unknown): Raw {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
