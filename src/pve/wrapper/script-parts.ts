import type { Argv } from '../commands.ts';

/**
 * What the scripts for the node have in common. They are POSIX sh with coreutils, util-linux and perl, as every Debian has them,
 * and run as a session of their own: no signal to the client's process group reaches them, and all that they start can be
 * ended as one process group.
 */
export function asArgv(script: string, args: readonly string[]): Argv {
  return ['setsid', '--wait', 'sh', '-c', script, 'sh', ...args];
}

/**
 * Where private folders are: a tmpfs of root's that no reboot survives. Their names tell what they are for:
 * `pvebak-dump-qemu-101.Xy12Ab34`; the file `pid` in each names the process that removes it.
 */
export const privateFolders = '/run';

/** Takes the first argument as the folder's name. The connection's end must not end a script. */
export const privateFolder = `folder=$(mktemp -d "${privateFolders}/pvebak-$1.XXXXXXXX") || exit 1
shift
trap 'rm -rf "$folder"' EXIT
trap '' HUP PIPE
echo "$$" >"$folder/pid"`;

/** `settle PID` waits for a child and sets `code`; a trap that sets `told` interrupts the wait, not the child. */
export const settle = `settle() {
  told=
  wait "$1"
  code=$?
  while [ -n "$told" ]; do
    told=
    wait "$1"
    code=$?
  done
}`;

/** Ends the process whose id a variable holds, which would act on TERM, and then all others of the script. */
export function endTogether(variable: string): string {
  return `trap '' TERM
kill -KILL "$${variable}"
kill -TERM 0
wait`;
}
