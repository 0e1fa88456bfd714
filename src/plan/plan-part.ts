import type { GuestRef } from '../pve/guest.ts';

/** A part of a plan that is asked for. What is empty narrows nothing; what several lists say must all be so. */
export interface PlanPart {
  readonly only: PartNames;
  /** A guest that a policy selects beside those left out stays in. */
  readonly without: PartNames;
}

export interface PartNames {
  /** Names of host entries. */
  readonly hosts: readonly string[];
  readonly policies: readonly string[];
  readonly guests: readonly PartGuest[];
}

export interface PartGuest {
  readonly ref: GuestRef;
  /** Name of the host entry; absent: whichever has it. */
  readonly host?: string;
}

export function isWhole({ only, without }: PlanPart): boolean {
  return [only, without].every(
    ({ hosts, policies, guests }) => hosts.length + policies.length + guests.length === 0,
  );
}
