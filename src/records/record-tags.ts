import type { PvebakRecord, RecordKind } from './record.ts';

const MARK = 'pvebak-record';

/**
 * What a record's tags say, so that a list of snapshots is enough for most questions and no record has to be opened: its
 * kind; of a verification also how, with what outcome, of what, and which part; of an adoption both lines.
 */
export function recordTags(record: PvebakRecord): readonly string[] {
  return [MARK, `kind=${record.kind}`, ...detailTags(record)];
}

function detailTags(record: PvebakRecord): readonly string[] {
  switch (record.kind) {
    case 'verify': {
      const { reading, outcome, scope, part } = record;
      const shared = [`reading=${reading}`, `outcome=${outcome}`, `scope=${scope}`];
      return part === undefined ? shared : [...shared, `part=${part.number}/${part.of}`];
    }
    case 'adopt':
      return [`from=${record.from.line}`, `to=${record.to.line}`];
    case 'pin':
    case 'ack':
    case 'restore':
    case 'policies':
    case 'prune':
      return [];
  }
}

/** What is known of a record by its snapshot alone. */
export interface RecordHead {
  readonly kind: RecordKind;
  /** The tags `KEY=VALUE`; of several with one key the first. */
  readonly tags: ReadonlyMap<string, string>;
}

export const RECORD_KINDS: readonly RecordKind[] = [
  'verify',
  'pin',
  'ack',
  'restore',
  'policies',
  'prune',
  'adopt',
];

/** @returns undefined when the snapshot is no record, or of a kind that is not known */
export function recordHead({
  paths,
  tags,
}: {
  readonly paths: readonly string[];
  readonly tags: readonly string[];
}): RecordHead | undefined {
  if (!tags.includes(MARK) || paths.length !== 1 || paths[0] !== '/pvebak') return undefined;
  const pairs = tags
    .filter((tag) => tag.includes('='))
    .map((tag) => [tag.slice(0, tag.indexOf('=')), tag.slice(tag.indexOf('=') + 1)] as const);
  const values = new Map(pairs.reverse());
  const kind = RECORD_KINDS.find((known) => known === values.get('kind'));
  return kind === undefined ? undefined : { kind, tags: values };
}
