import type { Argv } from '../commands.ts';
import type { GuestRef } from '../guest.ts';
import { relay, relayWords } from './relay-script.ts';
import { asArgv, endTogether, privateFolder, settle } from './script-parts.ts';

export interface WrappedRestoreOptions {
  /** The guest that is restored into. */
  readonly guest: GuestRef;
  /** How long the client may send nothing while the tool waits for it; default 60. */
  readonly silenceSeconds?: number;
}

/**
 * The command that runs a restore from stdin (`qmrestoreCommand` or `pctRestoreCommand` with archive `-`) so that it ends
 * clean whatever happens to the client. Its input comes by `sendArchive`; stdout, stderr and exit status are the tool's.
 *
 * The tool gets the end of its input only after the archive's end mark. When the input ends before, or when the client is
 * silent, it gets TERM, and its input stays open for up to 30 s more: a tool that is being ended must not take what it has
 * for a whole archive. Once all of the archive has been passed on, the restore goes on to its end even if the client goes.
 *
 * No TERM comes in the tool's first 5 s: pct restore locks its container before it is ready to undo that.
 */
export function wrappedRestore(argv: Argv, { guest, silenceSeconds = 60 }: WrappedRestoreOptions): Argv {
  return asArgv(restoreScript, [`restore-${guest.type}-${guest.vmid}`, String(silenceSeconds), ...argv]);
}

/**
 * What may sleep for long, and must end with the script, is started before the script traps TERM: a subshell has the
 * script's traps until it has put them aside, and a TERM that it gets before is lost.
 */
const restoreScript = `${privateFolder}
silence=$1
shift
mkfifo "$folder/input" || exit 1
: >"$folder/out" >"$folder/err"
exec 3<&0 </dev/null

(trap - PIPE; exec "$@") <"$folder/input" >>"$folder/out" 2>>"$folder/err" 3<&- &
tool=$!
exec 5>"$folder/input"
(
  sleep 5
  : >"$folder/settled"
) >/dev/null 2>&1 3<&- 5>&- &
tail -f -c +1 -s 0.2 --pid="$tool" "$folder/out" 2>/dev/null 3<&- 5>&- &
out=$!
tail -f -c +1 -s 0.2 --pid="$tool" "$folder/err" >&2 2>/dev/null 3<&- 5>&- &
err=$!
exec >/dev/null 2>>"$folder/err"

${relay}
relay "$silence" <&3 >&5 &
relay=$!
exec 3<&-

(
  exec 5>&-
  while kill -0 "$tool" 2>/dev/null; do
    sleep 1
  done
  kill -TERM "$relay" 2>/dev/null
  sleep "$silence"
  kill -KILL "$out" "$err" 2>/dev/null
) &
watchdog=$!
exec 2>/dev/null
trap 'told=1; kill -KILL "$relay" || kill -TERM "$tool"' TERM INT

${settle}
settle "$relay"
case $code in
  0 | 2 | 143) ;;
  *)
    (
      left=30
      while [ "$left" -gt 0 ] && kill -0 "$tool"; do
        sleep 1
        left=$((left - 1))
      done
    ) &
    ${relayWords} >>"$folder/err"
    while kill -0 "$tool" && ! [ -e "$folder/settled" ]; do
      sleep 0.5
    done
    kill -TERM "$tool"
    ;;
esac
exec 5>&-
settle "$tool"
status=$code
settle "$out"
settle "$err"
${endTogether('watchdog')}
exit "$status"
`;
