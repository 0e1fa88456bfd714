import { setFlagsFromString } from 'node:v8';

/**
 * Keeps the young generation of this thread's heap as small as it begins. By default it grows to several times of that when
 * tens of thousands of snapshots are read: 50 MiB more for a plan of 20,000, for no time that could be measured.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
