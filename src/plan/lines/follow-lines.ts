import type { MovedGuest, Site } from '../../config/site.ts';
import { formatGuestRef } from '../../pve/guest.ts';
import type { Guest, LineId } from '../../pve/inventory.ts';
import type { Adoption, Facts, GuestPlace, RepositoryFacts } from '../facts.ts';
import { newestOf } from '../judge-freshness.ts';
import type { PlanNote } from '../plan-note.ts';
import { guestLabel, type ReachedHost, reachedHosts } from '../reached-hosts.ts';
import type { AdoptAction } from './adopt-action.ts';
import { joinLines, linesThere } from './join-lines.ts';
import { noteJoins } from './note-joins.ts';

export interface FollowedLines {
  /** With each snapshot under the line that its history goes on in once the plan is carried out. */
  readonly facts: Facts;
  readonly adopts: readonly AdoptAction[];
  readonly notes: readonly PlanNote[];
}

/**
 * Joins lines as they were adopted, and those of guests that the site says have moved. A move is followed once, to what the
 * newest backup from the old place is of, and kept in the repository: what has the old vmid later is none of its business, and
 * the site need not say it for ever. It waits while the old place or the new one cannot be asked, and while the machine still
 * is where it was.
 */
export function followLines(site: Site, before: Facts): FollowedLines {
  const facts = joinLines(before);
  const hosts = reachedHosts(site, facts);
  const joins = noteJoins(hosts, before);
  const moves = finalMoves(site.moved ?? []);
  if (moves.length === 0) return { facts, adopts: [], notes: joins };
  const alive = linesThere(facts);
  const outcomes = moves.flatMap((move): readonly MoveOutcome[] => {
    const target = findTarget(move, hosts);
    if (target === undefined) return targetNotes(move, hosts);
    if (isSilent(move.from, site, hosts)) return [];
    const found = [...facts.repositories].flatMap(([repository, held]) =>
      followMove(move, target, { repository, held, alive }),
    );
    return found.length > 0 ? found : [noteOf('no-backup', move)];
  });
  const adopts = outcomes.filter((one) => one.kind === 'adopt');
  const notes = [...joins, ...outcomes.filter((one) => one.kind === 'move-waits')];
  return { facts: adopts.length === 0 ? facts : joinLines(withAdoptions(facts, adopts)), adopts, notes };
}

/** A move, with all places that its guest comes to, the last of them first. */
interface FinalMove extends Pick<MovedGuest, 'from'> {
  readonly to: MovedGuest['to'];
  readonly through: readonly GuestPlace[];
}

type MoveNote = Extract<PlanNote, { readonly kind: 'move-waits' }>;
type MoveOutcome = AdoptAction | MoveNote | { readonly kind: 'decided' };

/** A guest that moved on goes where it is now. The site file was checked: no move leads in a circle. */
function finalMoves(moved: readonly MovedGuest[]): readonly FinalMove[] {
  const nextOf = new Map(moved.map((move) => [placeKey(move.from), move]));
  return moved.map(({ from, to }) => {
    const through: GuestPlace[] = [to];
    let last = to;
    for (let next = nextOf.get(placeKey(to)); next !== undefined; next = nextOf.get(placeKey(next.to))) {
      if (through.length > moved.length) break;
      through.unshift(next.to);
      last = next.to;
    }
    return { from, to: last, through };
  });
}

interface Target {
  readonly host: ReachedHost;
  readonly guest: Guest;
}

function findTarget({ to }: FinalMove, hosts: readonly ReachedHost[]): Target | undefined {
  const host = hosts.find(({ entry }) => entry.id === to.hostId);
  const guest = host?.inventory.guests.find(({ ref }) => formatGuestRef(ref) === formatGuestRef(to.guest));
  return host && guest && isKnown(guest) ? { host, guest } : undefined;
}

/** Of a guest that is seconds old, or on its way to another node, the configuration may not have been read. */
function isKnown({ identity, volumes }: Guest): boolean {
  return identity.machine.kind !== 'none' || volumes.length > 0;
}

/** Of a host that answers. */
function targetNotes(move: FinalMove, hosts: readonly ReachedHost[]): readonly MoveNote[] {
  const isAsked = hosts.some(({ entry }) => entry.id === move.to.hostId);
  return isAsked ? [noteOf('not-there', move)] : [];
}

function noteOf(why: MoveNote['why'], { from, to }: FinalMove): MoveNote {
  return { kind: 'move-waits', why, host: to.host, guest: { ref: to.guest }, from };
}

/** A host that the site has no longer is taken to be gone. */
function isSilent({ hostId }: GuestPlace, { hosts: entries }: Site, hosts: readonly ReachedHost[]): boolean {
  return (
    [...entries.values()].some(({ id }) => id === hostId) && !hosts.some(({ entry }) => entry.id === hostId)
  );
}

function followMove(
  move: FinalMove,
  { host, guest }: Target,
  {
    repository,
    held,
    alive,
  }: {
    readonly repository: string;
    readonly held: RepositoryFacts;
    readonly alive: ReadonlySet<LineId>;
  },
): readonly MoveOutcome[] {
  // What cannot be read may be the record of the move, or the backup that is the newest.
  if ((held.unread?.length ?? 0) > 0 || isDecided(move, held)) return [{ kind: 'decided' }];
  const from = placeKey(move.from);
  const newest = newestOf(held.snapshots.filter((one) => one.line !== undefined && placeKey(one) === from));
  const old = newest?.line;
  if (newest === undefined || old === undefined) return [];
  const { line } = guest.identity;
  if (old === line) return [{ kind: 'decided' }];
  if (alive.has(old)) return [noteOf('still-there', move)];
  return [
    {
      kind: 'adopt',
      repository,
      host: host.entry.name,
      hostId: host.entry.id,
      guest: guestLabel(guest),
      line,
      from: { ...move.from, line: old },
      snapshots: held.snapshots.filter((one) => one.line === old).length,
      newestAt: newest.time,
    },
  ];
}

/** Whether the repository knows the move, or that somebody took it back. */
function isDecided({ from, through }: FinalMove, { adoptions }: RepositoryFacts): boolean {
  const places = new Set(through.map(placeKey));
  return [...(adoptions?.values() ?? [])].some(
    (one) =>
      one.from !== undefined &&
      one.at !== undefined &&
      placeKey(one.from) === placeKey(from) &&
      places.has(placeKey(one.at)),
  );
}

function withAdoptions(facts: Facts, adopts: readonly AdoptAction[]): Facts {
  const repositories = [...facts.repositories].map(([name, held]) => {
    const made = adopts
      .filter(({ repository }) => repository === name)
      .map(({ from, line, hostId, guest }): readonly [string, Adoption] => {
        const at = { hostId, guest: guest.ref };
        return [from.line, { to: line, from: { hostId: from.hostId, guest: from.guest }, at }];
      });
    return [name, { ...held, adoptions: new Map([...(held.adoptions ?? []), ...made]) }] as const;
  });
  return { ...facts, repositories: new Map(repositories) };
}

function placeKey({ hostId, guest }: GuestPlace): string {
  return `${hostId}/${formatGuestRef(guest)}`;
}
