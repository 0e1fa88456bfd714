import { capture } from '../../transport/capture.ts';
import type { Shell } from '../../transport/shell.ts';
import { UserError } from '../../user-error.ts';
import { type Argv, guestCommand } from '../commands.ts';
import type { GuestRef } from '../guest.ts';
import { privateFolders } from './script-parts.ts';
import { stagedPart } from './stage-script.ts';

/** What an aborted dump or restore may leave on a node, with the command that cleans it. Nothing here runs that command. */
export interface Leftover {
  readonly kind:
    | 'worker'
    | 'lock'
    | 'prelaunch'
    | 'stub'
    | 'dump-folder'
    | 'dump-log'
    | 'unfinished-archive'
    | 'staged-archive'
    | 'private-folder'
    | 'claim';
  /** The lock's name, the worker's UPID or the path; the guest itself for `prelaunch` and `stub`. */
  readonly what: string;
  /** To be run on the node, in the order of the list. */
  readonly command: Argv;
}

export interface Aborted {
  readonly guest: GuestRef;
  readonly dumpDir: string;
  /** A restore may leave a stub of its guest; a dump must never make anybody destroy one. */
  readonly task: 'dump' | 'restore';
  /** The archive that this run has staged, if it is not to be kept. */
  readonly stagedArchive?: string;
  /** vzdump's log file as its log names it; others in the folder belong to the node's own backups. */
  readonly dumpLog?: string;
}

/**
 * Looks at a guest and its node after an abort. Wait for the wrapper to end before asking: what it is still about to
 * clean is reported too.
 * @throws UserError `host-unreachable` or `command-failed` when the node cannot be asked
 */
export async function findLeftovers(
  shell: Shell,
  aborted: Aborted,
  options: { readonly signal?: AbortSignal } = {},
): Promise<readonly Leftover[]> {
  const { stdout, stderr, exit } = await capture(shell, leftoversCommand(aborted), options);
  if (exit.kind !== 'status' || exit.status !== 0)
    throw new UserError('command-failed', `cannot look around on ${shell.where}: ${stderr.trim()}`);
  return leftoversOf(aborted, Buffer.from(stdout).toString('utf8'));
}

/** Reads only. Each line of its output is a word and what it is about; `leftoversOf` reads them. */
export function leftoversCommand({ guest, dumpDir, stagedArchive = '', dumpLog = '' }: Aborted): Argv {
  const { type, vmid } = guest;
  const [tool, folder] = type === 'qemu' ? ['qm', 'qemu-server'] : ['pct', 'lxc'];
  const dumped = `${dumpDir}/vzdump-${type}-${vmid}-`;
  const unfinished = `${dumpDir}/${stagedPart(guest)}`;
  const files = [dumped, unfinished, privateFolders, `${type}-${vmid}`, stagedArchive, dumpLog];
  return ['sh', '-c', leftoversScript, 'sh', tool, folder, String(vmid), ...files];
}

/** A configuration's snapshots and pending changes are in sections of their own, below the first line with a bracket. */
const leftoversScript = String.raw`tool=$1 config=/etc/pve/$2/$3.conf vmid=$3
grep -ah '^task UPID:' /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' ' '
if [ -f "$config" ]; then
  echo 'guest here'
  sed '/^\[/,$d; s/^/config /' "$config"
  "$tool" status "$vmid" 2>/dev/null
fi
for path in "$4"*.tmp; do
  [ ! -d "$path" ] || echo "dump-folder $path"
done
for path in "$5"*; do
  [ ! -f "$path" ] || echo "unfinished-archive $path"
done
for path in "$6"/pvebak-*-"$7".*; do
  [ ! -d "$path" ] || kill -0 "$(cat "$path/pid")" 2>/dev/null || echo "private-folder $path"
  [ ! -f "$path" ] || ! flock -n "$path" true || echo "claim $path"
done
[ ! -f "$8" ] || echo "staged-archive $8"
[ ! -f "$9" ] || echo "dump-log $9"
`;

/** Decides from what the command has printed. While a worker still has the guest, its lock and state are in order. */
export function leftoversOf(aborted: Aborted, output: string): readonly Leftover[] {
  const seen = output.split('\n').map((line) => line.trim());
  const values = (word: string) =>
    seen.flatMap((line) => (line.startsWith(`${word} `) ? [line.slice(word.length + 1)] : []));
  const workers = values('task').filter((upid) => worksOn(upid, String(aborted.guest.vmid)));
  // A job of the node's own names no guest, and may be at this one.
  const busy = workers.length > 0 || values('task').some((upid) => worksOn(upid, ''));
  return [
    ...workers.map(workerLeft),
    ...(busy ? [] : ofGuest(aborted, values)),
    ...(busy ? [] : values('dump-folder').map(pathLeft('dump-folder'))),
    ...values('dump-log').map(pathLeft('dump-log')),
    ...values('unfinished-archive').map(pathLeft('unfinished-archive')),
    ...values('staged-archive').map(pathLeft('staged-archive')),
    ...values('private-folder').map(pathLeft('private-folder')),
    ...values('claim').map(pathLeft('claim')),
  ];
}

/** `UPID:node:pid:pstart:starttime:type:id:user:`, with the pid in hexadecimal digits. */
function worksOn(upid: string, vmid: string): boolean {
  const [, , , , , type = '', id] = upid.split(':');
  return ['vzdump', 'qmrestore', 'vzrestore'].includes(type) && id === vmid;
}

function workerLeft(upid: string): Leftover {
  const pid = Number.parseInt(upid.split(':')[2] ?? '', 16);
  return { kind: 'worker', what: upid, command: ['kill', String(pid)] };
}

function ofGuest({ guest, task }: Aborted, values: (word: string) => readonly string[]): readonly Leftover[] {
  const config = values('config');
  const lock = config.flatMap((line) => /^lock: *(\S+)/.exec(line)?.[1] ?? [])[0];
  const own: readonly string[] = task === 'dump' ? ['backup', 'snapshot', 'snapshot-delete'] : ['create'];
  const locked = lock !== undefined && own.includes(lock);
  const name = `${guest.type}/${guest.vmid}`;
  const stub = task === 'restore' && values('guest').length > 0 && isStub(guest, config, lock);
  return [
    ...(locked ? [{ kind: 'lock', what: lock, command: guestCommand(guest, 'unlock') } as const] : []),
    ...(values('status:').includes('prelaunch')
      ? [{ kind: 'prelaunch', what: name, command: guestCommand(guest, 'stop') } as const]
      : []),
    ...(stub ? [{ kind: 'stub', what: name, command: guestCommand(guest, 'destroy') } as const] : []),
  ];
}

/** qmrestore leaves a VM of which nothing but `memory: 128` is known, pct restore a container that it was creating. */
function isStub({ type }: GuestRef, config: readonly string[], lock: string | undefined): boolean {
  if (type === 'lxc') return lock === 'create';
  const known = config.filter((line) => line !== '' && !line.startsWith('lock:'));
  return known.every((line) => line === 'memory: 128');
}

function pathLeft(kind: Leftover['kind']): (path: string) => Leftover {
  return (path) => ({ kind, what: path, command: ['rm', '-rf', '--', path] });
}
