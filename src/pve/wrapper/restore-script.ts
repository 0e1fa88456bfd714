import type { Argv } from '../commands.ts';
import type { GuestRef } from '../guest.ts';
import { asArgv, endTogether, listen, privateFolder, settle } from './script-parts.ts';

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
 * A frame is stored before it is passed on, so that waiting for the client and waiting for the tool are not confused:
 * qmrestore reads nothing while it allocates disks, and that may take long. While one is passed on the next is stored.
 *
 * No TERM comes in the tool's first 5 s: pct restore locks its container before it is ready to undo that.
 */
export function wrappedRestore(argv: Argv, { guest, silenceSeconds = 60 }: WrappedRestoreOptions): Argv {
  return asArgv(restoreScript, [`restore-${guest.type}-${guest.vmid}`, String(silenceSeconds), ...argv]);
}

/**
 * The feeder ends with 0 after the end mark, 1 when the input was cut, 2 when the tool reads no more; it is killed for silence.
 * What may sleep for long, and must end with the script, is started before the script traps TERM: a subshell has the
 * script's traps until it has put them aside, and a TERM that it gets before is lost.
 */
const restoreScript = `${privateFolder}
silence=$1
shift
mkfifo "$folder/input" || exit 1
: >"$folder/out" >"$folder/err" >"$folder/block"
echo 'client 0' >"$folder/turn"
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

(
  count=0
  passing=
  while
    count=$((count + 1))
    echo "client $count" >"$folder/turn"
    read -r size <&3
  do
    case $size in
      '') continue ;;
      0)
        echo "tool $count" >"$folder/turn"
        [ -z "$passing" ] || wait "$passing" || exit 2
        exit 0
        ;;
    esac
    dd bs=64k count="$size" iflag=fullblock,count_bytes status=none <&3 >"$folder/block" 5>&- || exit 1
    [ "$(stat -c %s "$folder/block")" -eq "$size" ] || exit 1
    echo "tool $count" >"$folder/turn"
    [ -z "$passing" ] || wait "$passing" || exit 2
    mv "$folder/block" "$folder/passing"
    cat "$folder/passing" >&5 2>/dev/null 3<&- &
    passing=$!
  done
  exit 1
) &
feeder=$!
exec 3<&-

${listen}
(
  exec 5>&-
  listen "$folder/block" "$tool"
  if kill -0 "$tool" 2>/dev/null; then
    echo "pvebak was not heard for $silence s" >&2
    kill -KILL "$feeder"
  else
    kill -TERM "$feeder" 2>/dev/null
  fi
  while kill -0 "$tool" 2>/dev/null; do
    sleep 1
  done
  sleep "$silence"
  kill -KILL "$out" "$err" 2>/dev/null
) &
watchdog=$!
exec 2>/dev/null
trap 'told=1; kill -KILL "$feeder" || kill -TERM "$tool"' TERM INT

${settle}
settle "$feeder"
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
    [ "$code" -ne 1 ] || echo 'the archive ended before its end mark' >>"$folder/err"
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
