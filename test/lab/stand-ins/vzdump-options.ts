/** The options of vzdump, by version. */

import type { PveVersion } from './lab-state.ts';
import { choice, flag, integer, type OptionKind, text } from './options.ts';

const COMMON: ReadonlyMap<string, OptionKind> = new Map([
  ['all', flag],
  ['bwlimit', integer],
  ['compress', choice('0', '1', 'gzip', 'lzo', 'zstd')],
  ['dumpdir', text],
  ['exclude', text],
  ['exclude-path', text],
  ['ionice', integer],
  ['lockwait', integer],
  ['mailnotification', choice('always', 'failure')],
  ['mailto', text],
  ['mode', choice('snapshot', 'suspend', 'stop')],
  ['node', text],
  ['notes-template', text],
  ['performance', text],
  ['pigz', integer],
  ['pool', text],
  ['protected', flag],
  ['prune-backups', text],
  ['quiet', flag],
  ['remove', flag],
  ['script', text],
  ['stdexcludes', flag],
  ['stdout', flag],
  ['stop', flag],
  ['stopwait', integer],
  ['storage', text],
  ['tmpdir', text],
  ['zstd', integer],
]);

const SINCE_8: ReadonlyMap<string, OptionKind> = new Map([
  ['fleecing', text],
  ['job-id', text],
  ['notification-mode', text],
  ['pbs-change-detection-mode', text],
]);

export function vzdumpOption(name: string, version: PveVersion): OptionKind | undefined {
  if (name === 'maxfiles') return version === '9.2' ? undefined : integer;
  return COMMON.get(name) ?? (version === '7.4' ? undefined : SINCE_8.get(name));
}
