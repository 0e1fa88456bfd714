import type { LineId } from '../../pve/inventory.ts';
import type { Adoption, Facts, RepositoryFacts } from '../facts.ts';

/**
 * The same facts, with each snapshot under the line that its history goes on in. A line whose machine is there is its own,
 * whatever was adopted; so is one of several that adopted each other. Done twice it changes nothing more.
 */
export function joinLines(facts: Facts): Facts {
  const alive = linesThere(facts);
  return {
    ...facts,
    repositories: new Map([...facts.repositories].map(([name, held]) => [name, joined(held, alive)])),
  };
}

/** Of the machines that hosts show. */
export function linesThere({ hosts }: Pick<Facts, 'hosts'>): ReadonlySet<LineId> {
  return new Set(
    [...hosts.values()].flatMap((found) =>
      found.kind === 'reached' ? found.inventory.guests.map(({ identity }) => identity.line) : [],
    ),
  );
}

function joined(held: RepositoryFacts, alive: ReadonlySet<LineId>): RepositoryFacts {
  const { adoptions, snapshots } = held;
  if (adoptions === undefined || adoptions.size === 0) return held;
  return {
    ...held,
    snapshots: snapshots.map((snapshot) => {
      if (snapshot.line === undefined) return snapshot;
      return { ...snapshot, line: goesOnIn(snapshot.line, adoptions, alive) };
    }),
  };
}

/**
 * The line in which the history of a line goes on: where adoptions lead, over as many as there are, up to the first whose
 * machine is there. Itself where they lead in a circle.
 */
export function goesOnIn(
  line: LineId,
  adoptions: ReadonlyMap<string, Adoption>,
  alive: ReadonlySet<LineId> = new Set(),
): LineId {
  const seen = new Set<LineId>();
  let at = line;
  while (!alive.has(at)) {
    if (seen.has(at)) return line;
    seen.add(at);
    const next = adoptions.get(at);
    if (next === undefined || next.undone === true) return at;
    at = next.to;
  }
  return at;
}
