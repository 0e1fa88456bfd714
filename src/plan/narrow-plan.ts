import type { RestoreEntry, Site } from '../config/site.ts';
import { formatGuestRef, type GuestRef, parseGuestRef, parseVmid, type Vmid } from '../pve/guest.ts';
import type { Facts } from './facts.ts';
import { entryName, isNamedIntent } from './intent-names.ts';
import type { Plan, RestoreAction } from './plan.ts';
import { isWhole, type PartGuest, type PartNames, type PlanPart } from './plan-part.ts';
import { selectGuests } from './select-guests.ts';

/**
 * The part of a plan that was asked for. The whole is planned first: what a policy outside the part wants kept stays, and a
 * guest is still dumped once for all of them. Restores that are named are asked for, whatever else is.
 */
export function narrowPlan(
  plan: Plan,
  part: PlanPart,
  about: { readonly site: Site; readonly facts: Facts; readonly restoreNames?: readonly string[] },
): Plan {
  if (isWhole(part)) return plan;
  const judge = new PartJudge(part, about);
  const isIn = (entry: Entry) => judge.isIn(entry);
  const { guests, policies } = part.only;
  const isNodeIn = (entry: Entry) => guests.length + policies.length === 0 && isIn(entry);
  const isRestoreIn = (entry: Entry & { readonly intent: string }) =>
    isNamedIntent(entry.intent, about.restoreNames ?? []) || isIn(entry);
  const { nodeConfigs, problems } = plan;
  return {
    madeAt: plan.madeAt,
    adopts: plan.adopts.filter(isIn),
    backups: plan.backups.filter(isIn),
    waiting: plan.waiting.filter(isIn),
    blocked: plan.blocked.filter(isIn),
    fresh: plan.fresh.filter(isIn),
    nodeConfigs: { due: nodeConfigs.due.filter(isNodeIn), fresh: nodeConfigs.fresh.filter(isNodeIn) },
    restores: plan.restores.filter(
      (action) =>
        isNamedIntent(action.intent, about.restoreNames ?? []) || judge.isSubjectIn(restoreSubject(action)),
    ),
    verifies: plan.verifies.filter(isIn),
    forgets: plan.forgets.filter(isIn),
    // A part of the guests is no reason to touch what all of them share.
    prunes: [],
    held: plan.held.filter(isIn),
    ...(plan.declarations !== undefined && { declarations: plan.declarations }),
    suspicious: plan.suspicious.filter(isIn),
    orphans: plan.orphans.filter(isIn),
    restoresAtRest: plan.restoresAtRest.filter(isRestoreIn),
    leftAlone: plan.leftAlone.filter(isIn),
    skipped: plan.skipped.filter(isIn),
    uncovered: plan.uncovered.filter(isIn),
    problems: problems.filter((one) => ('intent' in one ? isRestoreIn(one) : isIn(one))),
    notes: plan.notes.filter((one) => ('intent' in one ? isRestoreIn(one) : isIn(one))),
  };
}

/** What an entry of a plan may say of what it is about. */
interface Entry {
  readonly host?: string;
  readonly hosts?: readonly string[];
  readonly guest?: { readonly ref: GuestRef };
  readonly guests?: readonly { readonly ref: GuestRef }[];
  readonly policy?: string | undefined;
  readonly policies?: readonly string[];
  readonly intent?: string;
  readonly repository?: string;
}

/** What an entry is about. An empty list: it does not say. */
interface Subject {
  readonly hosts: readonly string[];
  readonly guests: readonly GuestRef[];
  /** Undefined where policies have nothing to do with it. */
  readonly policies: readonly string[] | undefined;
  readonly repository?: string | undefined;
}

/** Of the target and of what is restored; of a whole group only the host. */
function intentSubject(name: string, entry: RestoreEntry): Subject {
  const hosts = [entry.to.host];
  if (!('select' in entry)) return { hosts, guests: guestsOf(entry.guest, entry.to.vmid), policies: [] };
  const guest = parseGuestRef(name.slice(entry.name.length + 1));
  const vmid = guest && parseVmid(guest.vmid + entry.to.vmidOffset);
  return { hosts, guests: guest === undefined ? [] : guestsOf(guest, vmid ?? guest.vmid), policies: [] };
}

function guestsOf(guest: GuestRef, vmid: Vmid): readonly GuestRef[] {
  return [guest, { ...guest, vmid }];
}

function restoreSubject({ snapshot: { guest }, to }: RestoreAction): Subject {
  return { hosts: [to.host], guests: guestsOf(guest, to.vmid), policies: [] };
}

class PartJudge {
  readonly #part: PlanPart;
  /** Hosts that may hold what the part is about. */
  readonly #hosts: ReadonlySet<string>;
  /** Repositories that the policies of the part use. */
  readonly #repositories: ReadonlySet<string>;
  readonly #restores: ReadonlyMap<string, RestoreEntry>;
  /** Names of the policies that select a guest, by `fra/qemu/101`. */
  readonly #policies: ReadonlyMap<string, readonly string[]>;

  constructor(part: PlanPart, { site, facts }: { readonly site: Site; readonly facts: Facts }) {
    this.#part = part;
    const { only, without } = part;
    const policies = site.backups.filter(
      ({ name }) => isChosen(name, only.policies) && !without.policies.includes(name),
    );
    const holders = new Set(only.guests.flatMap((guest) => hostsWith(guest, facts)));
    const ofPolicies = new Set(policies.flatMap(({ hosts }) => hosts));
    this.#hosts = new Set(
      [...site.hosts.keys()].filter(
        (host) =>
          isChosen(host, only.hosts) &&
          !without.hosts.includes(host) &&
          (only.policies.length === 0 || ofPolicies.has(host)) &&
          (only.guests.length === 0 || holders.has(host)),
      ),
    );
    this.#repositories = new Set(policies.map(({ repository }) => repository));
    this.#restores = new Map(site.restores.map((entry) => [entry.name, entry]));
    this.#policies = new Map(
      selectGuests(site, facts).selected.map(({ host, guest, policies: selecting }) => [
        `${host.entry.name}/${formatGuestRef(guest.ref)}`,
        selecting.map(({ name }) => name),
      ]),
    );
  }

  isIn(entry: Entry): boolean {
    const { intent = '' } = entry;
    const restore = this.#restores.get(entryName(intent));
    return this.isSubjectIn(restore === undefined ? this.#subjectOf(entry) : intentSubject(intent, restore));
  }

  #subjectOf(entry: Entry): Subject {
    const { hosts = [], guest, guests = [], policy, repository } = entry;
    const ats = entry.host === undefined ? hosts : [entry.host];
    const refs = [...(guest === undefined ? [] : [guest]), ...guests].map(({ ref }) => ref);
    const policies = entry.policies ?? (policy === undefined ? this.#selecting(ats, refs) : [policy]);
    return { hosts: ats, guests: refs, policies, repository };
  }

  /** Policies that select any of the guests; undefined where none does. */
  #selecting(hosts: readonly string[], guests: readonly GuestRef[]): readonly string[] | undefined {
    const found = hosts.flatMap((host) =>
      guests.flatMap((ref) => this.#policies.get(`${host}/${formatGuestRef(ref)}`) ?? []),
    );
    return found.length === 0 ? undefined : found;
  }

  isSubjectIn(subject: Subject): boolean {
    const { hosts, guests, policies, repository } = subject;
    if (hosts.length === 0 && guests.length === 0 && policies === undefined)
      return repository !== undefined && this.#repositories.has(repository);
    return this.#isHostIn(hosts) && this.#areGuestsIn(guests, hosts) && this.#arePoliciesIn(subject);
  }

  #isHostIn(hosts: readonly string[]): boolean {
    const { only, without } = this.#part;
    const left = hosts.filter((host) => !without.hosts.includes(host));
    return hosts.length === 0 || left.some((host) => isChosen(host, only.hosts));
  }

  #areGuestsIn(guests: readonly GuestRef[], hosts: readonly string[]): boolean {
    const { only, without } = this.#part;
    if (guests.length === 0) return only.guests.length === 0 || hosts.some((host) => this.#hosts.has(host));
    const left = guests.filter((ref) => !isNamed(ref, hosts, without));
    return left.length > 0 && (only.guests.length === 0 || left.some((ref) => isNamed(ref, hosts, only)));
  }

  /** What says of no policy that it is about it counts by its host. */
  #arePoliciesIn({ policies, hosts, guests }: Subject): boolean {
    const { only, without } = this.#part;
    if (policies === undefined)
      return (
        only.policies.length === 0 || (guests.length === 0 && hosts.some((host) => this.#hosts.has(host)))
      );
    const left = policies.filter((name) => !without.policies.includes(name));
    if (policies.length > 0 && left.length === 0) return false;
    return only.policies.length === 0 || left.some((name) => only.policies.includes(name));
  }
}

function isChosen(name: string, chosen: readonly string[]): boolean {
  return chosen.length === 0 || chosen.includes(name);
}

function isNamed(ref: GuestRef, hosts: readonly string[], { guests }: PartNames): boolean {
  return guests.some(
    (guest) =>
      formatGuestRef(guest.ref) === formatGuestRef(ref) &&
      (guest.host === undefined || hosts.includes(guest.host)),
  );
}

/** Those that have the guest; where none has, those that could not be asked may. */
function hostsWith({ ref, host }: PartGuest, facts: Facts): readonly string[] {
  const asked = [...facts.hosts].filter(([name]) => host === undefined || host === name);
  const having = asked.filter(
    ([, found]) =>
      found.kind === 'reached' &&
      found.inventory.guests.some((guest) => formatGuestRef(guest.ref) === formatGuestRef(ref)),
  );
  const silent = asked.filter(([, found]) => found.kind === 'unreachable');
  return (having.length > 0 ? having : silent).map(([name]) => name);
}
