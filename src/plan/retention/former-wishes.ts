import type { BackupPolicy, Retention } from '../../config/site.ts';
import type { DeclaredRetention, GuestSnapshot } from '../facts.ts';
import { type DatedSnapshot, keepRules } from './keep-rules.ts';
import { sameRetention } from './same-retention.ts';

/** What a policy wanted kept of a guest not long ago, and wants no longer. */
export interface PolicyChange {
  readonly policy: string;
  /** Its retention was another one, or it selected the guest. */
  readonly change: 'retention' | 'left';
  /** Both milliseconds since 1970: when it changed, and the end of the grace that what it wanted has. */
  readonly at: number;
  readonly until: number;
}

export interface FormerWish {
  readonly change: PolicyChange;
  /** By id. */
  readonly wanted: ReadonlySet<string>;
}

export interface LineHistory {
  /** That select the guest now, with this repository. */
  readonly policies: readonly BackupPolicy[];
  /** Of the line. */
  readonly snapshots: readonly GuestSnapshot[];
  /** A backup that is about to be made. */
  readonly expected: DatedSnapshot | undefined;
  /** What the repository knows of the retentions that policies had, by name, oldest first. */
  readonly retentions: ReadonlyMap<string, readonly DeclaredRetention[]>;
}

/**
 * What policies wanted that changed within the grace. That a guest left a policy is told by the tags of its snapshots: it did when
 * the first one without the name was made, or just now. What a policy wanted is in the repository; where it is not, one that
 * the guest has left is taken to have wanted all that bears its name.
 */
export function formerWishes(
  line: LineHistory,
  { now, graceMs }: { readonly now: number; readonly graceMs: number },
): readonly FormerWish[] {
  const earliest = now - graceMs;
  const changeOf = (policy: string, change: PolicyChange['change'], at: number): PolicyChange => ({
    policy,
    change,
    at,
    until: at + graceMs,
  });
  const changed = line.policies.flatMap(({ name, retention }) =>
    retentionsUntil(line.retentions.get(name) ?? [], now)
      .filter((former) => former.until > earliest && !sameRetention(former.retention, retention))
      .map((former) => wish(line, changeOf(name, 'retention', former.until), former)),
  );
  const left = [...leftPolicies(line, now)]
    .filter(([, at]) => at > earliest)
    .flatMap(([policy, at]) => {
      const known = (line.retentions.get(policy) ?? []).filter(({ since }) => since <= at);
      if (known.length === 0) return [wish(line, changeOf(policy, 'left', at), undefined)];
      return retentionsUntil(known, at)
        .filter(({ until }) => until > earliest)
        .map((former) => {
          const change = changeOf(policy, former.until === at ? 'left' : 'retention', former.until);
          return wish(line, change, former);
        });
    });
  return [...changed, ...left];
}

interface EndedRetention extends DeclaredRetention {
  /** When the next one took its place, or now. */
  readonly until: number;
}

function retentionsUntil(declared: readonly DeclaredRetention[], now: number): readonly EndedRetention[] {
  return declared.map((one, at) => ({ ...one, until: declared[at + 1]?.since ?? now }));
}

/** Names that snapshots of the line bear and that select the guest no longer, and since when: milliseconds since 1970. */
function leftPolicies({ policies, snapshots }: LineHistory, now: number): ReadonlyMap<string, number> {
  const present = new Set(policies.map(({ name }) => name));
  const newestFirst = snapshots.toSorted((a, b) => b.time - a.time);
  const left = new Map<string, number>();
  let laterAt = now;
  for (const { time, policies: names } of newestFirst) {
    for (const name of names) if (!present.has(name) && !left.has(name)) left.set(name, laterAt);
    laterAt = time;
  }
  return left;
}

function wish(
  { snapshots, expected }: LineHistory,
  change: PolicyChange,
  known: { readonly retention?: Retention } | undefined,
): FormerWish {
  const ids = (all: readonly GuestSnapshot[]) => new Set(all.map(({ id }) => id));
  if (known === undefined)
    return { change, wanted: ids(snapshots.filter(({ policies }) => policies.includes(change.policy))) };
  if (known.retention === undefined) return { change, wanted: ids(snapshots) };
  const dated = expected === undefined ? snapshots : [...snapshots, expected];
  return { change, wanted: new Set(keepRules(dated, known.retention).keys()) };
}
