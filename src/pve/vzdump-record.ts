import type { GuestType, Vmid } from './guest.ts';

/** What one line of vzdump's log says. Volumes and reasons are in vzdump's own words. */
export type VzdumpRecord =
  | { readonly kind: 'waiting-for-lock' }
  | { readonly kind: 'got-lock' }
  | { readonly kind: 'started-job'; readonly command: string }
  | { readonly kind: 'started'; readonly vmid: Vmid; readonly type: GuestType }
  /** `running` or `stopped`, as it was before the dump. */
  | { readonly kind: 'status'; readonly status: string }
  /** What is really done, whatever was asked for: a stopped guest is always dumped in mode stop. */
  | { readonly kind: 'mode'; readonly mode: string }
  /** The asked mode is not possible, and another is tried. */
  | { readonly kind: 'mode-failure'; readonly reason: string }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'disk-included'; readonly key: string; readonly volume: string; readonly bytes?: number }
  | { readonly kind: 'disk-excluded'; readonly key: string; readonly volume: string; readonly reason: string }
  | { readonly kind: 'mount-point-included'; readonly key: string; readonly path: string }
  | {
      readonly kind: 'mount-point-excluded';
      readonly key: string;
      readonly path: string;
      readonly reason: string;
    }
  | Progress
  /** The size of a container's tar, known only at its end. */
  | { readonly kind: 'tar-total'; readonly bytes: number }
  | { readonly kind: 'warning'; readonly text: string }
  /** The task ended with so many warnings. */
  | { readonly kind: 'warning-count'; readonly count: number }
  | { readonly kind: 'error'; readonly text: string }
  | { readonly kind: 'finished-guest'; readonly vmid: Vmid }
  | { readonly kind: 'failed'; readonly vmid: Vmid; readonly cause: string }
  | { readonly kind: 'job-failed'; readonly cause: string }
  | { readonly kind: 'job-finished'; readonly successfully: boolean }
  | { readonly kind: 'other-info'; readonly text: string }
  /** Not vzdump's own: messages of kvm and tar, of the command line parser, and the last words of a failure. */
  | { readonly kind: 'other'; readonly text: string };

/** Sizes as vzdump rounds them, to one or two digits. */
export interface Progress {
  readonly kind: 'progress';
  readonly percent: number;
  readonly doneBytes: number;
  readonly totalBytes: number;
  readonly seconds: number;
  readonly readBytesPerSecond: number;
  /** What is left of it after blocks of zeros. */
  readonly writeBytesPerSecond: number;
}
