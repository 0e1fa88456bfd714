import type { NodeName } from '../../pve/guest.ts';
import type { Retry } from '../../transport/with-retries.ts';
import type { Progress } from '../apply-event.ts';
import type { HostSettings } from '../apply-host.ts';
import type { Attempt, NodeJob, RunFacts } from '../node-job.ts';
import type { NodeWay } from '../node-way.ts';
import type { PortableError } from './portable-error.ts';
import type { StoreAnswer, StoreCall } from './store-calls.ts';

/** What a node's thread is made for. */
export interface NodeThreadData {
  readonly way: NodeWay;
  readonly node: NodeName;
  readonly host: HostSettings;
  readonly facts: RunFacts;
}

/** What the main thread says to a node's. */
export type ToNode =
  /** There is never more than one job at a time. `where` is that of the repository. */
  | { readonly kind: 'job'; readonly job: NodeJob; readonly where: string }
  /** The run was interrupted. */
  | { readonly kind: 'interrupt'; readonly error: PortableError }
  /** The repository can't be used any longer. */
  | { readonly kind: 'store-lost'; readonly error: PortableError }
  | { readonly kind: 'answer'; readonly call: number; readonly answer: StoreAnswer }
  | { readonly kind: 'no-answer'; readonly call: number; readonly error: PortableError }
  /** The blob of that call is not there: its bytes are wanted, compressed or not. */
  | { readonly kind: 'make'; readonly call: number; readonly compress: boolean }
  /** Close the way to the node and end. */
  | { readonly kind: 'end' };

/** What a node's thread says to the main one. */
export type FromNode =
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'waiting' }
  | { readonly kind: 'retrying'; readonly retry: Retry }
  | { readonly kind: 'done'; readonly attempt: Attempt }
  | { readonly kind: 'call'; readonly number: number; readonly call: StoreCall }
  | { readonly kind: 'made'; readonly call: number; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'not-made'; readonly call: number; readonly error: PortableError };
