import type { PartNames, PlanPart } from '../../plan/plan-part.ts';
import { formatGuestRef } from '../../pve/guest.ts';

/** `host ber, policy gold; without qemu/101` */
export function planPartText({ only, without }: PlanPart): string {
  const left = namesText(without);
  return [namesText(only), ...(left === '' ? [] : [`without ${left}`])]
    .filter((text) => text !== '')
    .join('; ');
}

function namesText({ hosts, policies, guests }: PartNames): string {
  return [
    ...hosts.map((host) => `host ${host}`),
    ...policies.map((policy) => `policy ${policy}`),
    ...guests.map(({ host, ref }) => (host === undefined ? '' : `${host}/`) + formatGuestRef(ref)),
  ].join(', ');
}
