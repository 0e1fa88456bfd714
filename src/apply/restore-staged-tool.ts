import type { Argv } from '../pve/commands.ts';

export interface StagedTool {
  readonly argv: Argv;
  /** The archive that the tool reads. */
  readonly path: string;
  /** Whether the archive is left there after a success. */
  readonly keep: boolean;
}

/**
 * A command for `wrappedRestore` that waits for the end of its input before it runs the tool, and removes the archive
 * afterwards. Being ended while it waits removes the archive as well; so when it is started before the archive is
 * written, the archive never outlives a client that was killed. Once the tool runs it has all that it needs, and goes on
 * to its end whatever becomes of the client.
 */
export function stagedTool({ argv, path, keep }: StagedTool): Argv {
  return ['sh', '-c', SCRIPT, 'sh', path, keep ? 'keep' : '', ...argv];
}

/** A shell hands an ignored signal down to what it starts, but not one that it has a handler for. */
const SCRIPT = `path=$1 keep=$2
shift 2
exec 3<&0 </dev/null
trap 'rm -f -- "$path"; exit 143' TERM
cat <&3 >/dev/null &
wait "$!"
trap : TERM
exec 3<&-
"$@"
status=$?
[ "$status" -eq 0 ] && [ -n "$keep" ] || rm -f -- "$path"
exit "$status"`;
