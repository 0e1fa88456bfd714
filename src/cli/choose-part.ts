import { nearest } from '../config/nearest.ts';
import type { Site } from '../config/site.ts';
import type { Facts } from '../plan/facts.ts';
import { groupCandidates } from '../plan/group-candidates.ts';
import type { PartGuest, PartNames, PlanPart } from '../plan/plan-part.ts';
import { formatGuestRef, type GuestRef, parseGuestRef } from '../pve/guest.ts';
import { UserError } from '../user-error.ts';

/** What the command line says of a part, as it was given. */
export interface PartOptions {
  readonly limit: readonly string[];
  readonly policy: readonly string[];
  readonly guest: readonly string[];
  /** Hosts, policies or guests. */
  readonly exclude: readonly string[];
}

/** Checks that all that is named is there. @throws UserError `usage` for the first that is not */
export function choosePart(options: PartOptions, site: Site, facts: Facts): PlanPart {
  const known: Known = {
    hosts: [...site.hosts.keys()],
    policies: site.backups.map(({ name }) => name),
    guests: knownGuests(site, facts),
    complete: [...facts.hosts.values()].every(({ kind }) => kind === 'reached'),
  };
  const only: PartNames = {
    hosts: options.limit.map((name) => oneOf(name, 'host', known.hosts, '--limit')),
    policies: options.policy.map((name) => oneOf(name, 'policy', known.policies, '--policy')),
    guests: options.guest.map((name) => guestOf(name, known, '--guest')),
  };
  const names = options.exclude.filter((name) => !name.includes('/'));
  for (const name of names) {
    oneOf(name, 'host or policy', [...known.hosts, ...known.policies], '--exclude');
    refuseAmbiguous(name, known);
  }
  return {
    only,
    without: {
      hosts: names.filter((name) => known.hosts.includes(name)),
      policies: names.filter((name) => known.policies.includes(name)),
      guests: options.exclude
        .filter((name) => name.includes('/'))
        .map((name) => guestOf(name, known, '--exclude')),
    },
  };
}

interface Known {
  readonly hosts: readonly string[];
  readonly policies: readonly string[];
  /** `qemu/101` and `fra/qemu/101` */
  readonly guests: ReadonlySet<string>;
  /** Whether every host has told which guests it has. */
  readonly complete: boolean;
}

/** Guests that are there, those that have backups, and those that restores are about. */
function knownGuests(site: Site, facts: Facts): ReadonlySet<string> {
  const there = [...facts.hosts].flatMap(([host, found]) =>
    found.kind === 'reached'
      ? found.inventory.guests.flatMap(({ ref }) => [formatGuestRef(ref), `${host}/${formatGuestRef(ref)}`])
      : [],
  );
  const restored = site.restores.flatMap((entry) =>
    'select' in entry
      ? groupCandidates(entry, facts.repositories.get(entry.repository)?.snapshots ?? []).flatMap(
          ({ guest }) => namesOf(guest, guest.vmid + entry.to.vmidOffset),
        )
      : namesOf(entry.guest, entry.to.vmid),
  );
  const names = new Map([...site.hosts.values()].map(({ id, name }) => [id, name]));
  const backedUp = [...facts.repositories.values()].flatMap(({ snapshots }) =>
    snapshots.flatMap(({ hostId, guest }) => {
      const host = names.get(hostId);
      const name = formatGuestRef(guest);
      return host === undefined ? [] : [name, `${host}/${name}`];
    }),
  );
  return new Set([...there, ...backedUp, ...restored]);
}

/** A guest, and what it is restored to. */
function namesOf(guest: GuestRef, vmid: number): readonly string[] {
  return [formatGuestRef(guest), `${guest.type}/${vmid}`];
}

/** @throws UserError `usage` when a name is both a host's and a policy's, so that it does not say which */
function refuseAmbiguous(name: string, { hosts, policies }: Known): void {
  if (!hosts.includes(name) || !policies.includes(name)) return;
  throw new UserError('usage', `--exclude ${name}: a host and a policy are called so`, {
    hint: 'choose what is wanted with --limit or --policy instead',
  });
}

function guestOf(name: string, known: Known, option: string): PartGuest {
  const [first = '', ...rest] = name.split('/');
  const host = rest.length === 2 ? oneOf(first, 'host', known.hosts, option) : undefined;
  const ref = parseGuestRef(host === undefined ? name : rest.join('/'));
  if (ref === undefined)
    throw new UserError('usage', `${option} ${name} is no guest`, {
      hint: 'write qemu/101, lxc/105, or with its host entry: HOST/qemu/101',
    });
  if (known.complete) oneOf(name, 'guest', known.guests, option);
  return { ref, ...(host !== undefined && { host }) };
}

function oneOf(name: string, what: string, known: Iterable<string>, option: string): string {
  const names = [...known];
  if (names.includes(name)) return name;
  const meant = nearest(name, names);
  const listed = names.length <= 12 ? `there are: ${names.join(', ')}` : `there are ${names.length}`;
  throw new UserError('usage', `${option} ${name}: there is no such ${what}`, {
    hint: meant === undefined ? listed : `did you mean ${meant}?`,
  });
}
