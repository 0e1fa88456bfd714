/** What `ssh2/lib/Channel.js` of ssh2 1.17 exports besides what its types know. */
declare module 'ssh2/lib/Channel.js' {
  import type { ClientChannel } from 'ssh2';

  /** Lets the server send as much again as has come since this was last called. */
  export function windowAdjust(channel: ClientChannel): void;
}
