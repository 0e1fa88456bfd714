import { type GuestRef, parseGuestRef } from '../pve/guest.ts';
import type { Surroundings } from './build-site.ts';
import { promised } from './promised.ts';
import type { RawMove } from './raw-site.ts';
import type { MovedGuest } from './site.ts';

/** One entry under `moved`. A host that it comes from and that is no entry any longer is known by its id. */
export function buildMove({ from, to }: RawMove, { hosts }: Pick<Surroundings, 'hosts'>): MovedGuest {
  return {
    from: { hostId: hosts.get(from.host)?.id ?? from.host, guest: refOf(from.guest) },
    to: { host: to.host, hostId: promised(hosts.get(to.host), 'to.host').id, guest: refOf(to.guest) },
  };
}

function refOf(text: string): GuestRef {
  return promised(parseGuestRef(text), 'guest');
}
