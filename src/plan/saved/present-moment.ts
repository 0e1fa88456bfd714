import type { Site } from '../../config/site.ts';
import type { LineId } from '../../pve/inventory.ts';
import type { Facts, GuestSnapshot, RepositoryFacts } from '../facts.ts';
import { joinLines } from '../lines/join-lines.ts';

/** The world as it is when a saved plan is carried out. Of hosts and repositories, only those that the plan names matter. */
export interface PresentMoment {
  readonly site: Pick<Site, 'hosts' | 'repositories'>;
  readonly facts: Facts;
  /** By name of the repository entry. */
  readonly held: ReadonlyMap<string, HeldSnapshots>;
}

/** What a repository holds, found at once. */
export interface HeldSnapshots {
  readonly facts: RepositoryFacts;
  /** By id, and by original. */
  readonly byName: ReadonlyMap<string, GuestSnapshot>;
  /** Milliseconds since 1970. */
  readonly newestOfLine: ReadonlyMap<LineId, number>;
}

export function presentMoment(site: PresentMoment['site'], facts: Facts): PresentMoment {
  const held = [...joinLines(facts).repositories].map(([name, one]) => [name, heldSnapshots(one)] as const);
  return { site, facts, held: new Map(held) };
}

function heldSnapshots(facts: RepositoryFacts): HeldSnapshots {
  const byName = new Map<string, GuestSnapshot>();
  const newestOfLine = new Map<LineId, number>();
  for (const snapshot of facts.snapshots) {
    const { id, original, line, time } = snapshot;
    byName.set(id, snapshot);
    if (original !== undefined) byName.set(original, snapshot);
    if (line !== undefined) newestOfLine.set(line, Math.max(newestOfLine.get(line) ?? time, time));
  }
  return { facts, byName, newestOfLine };
}
