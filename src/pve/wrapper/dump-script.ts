import type { Argv } from '../commands.ts';
import type { GuestRef } from '../guest.ts';
import { asArgv, endTogether, privateFolder, settle } from './script-parts.ts';

export interface WrappedDumpOptions {
  readonly guest: GuestRef;
  /** The folder that vzdump is told to use: its log file is removed from there. */
  readonly dumpDir: string;
  /** How long the client may send no heartbeat before the dump is ended; default 60. */
  readonly silenceSeconds?: number;
}

/**
 * The command that runs a dump (`vzdumpCommand`) so that it ends clean whatever happens to the client. Stdout, stderr and
 * exit status are those of vzdump, whole before the status comes. The client owes it heartbeats (`heartbeat`) from the
 * start until it has ended; the end of stdin tells it to give up.
 *
 * vzdump leaves locks and half-started VMs behind when its log or its stream breaks while it ends. So neither is the
 * connection: the stream goes into a fifo, the log into a file.
 *
 * | process  | reads         | writes  | ends                                                          |
 * | vzdump   | nothing       | fifo    | by itself, or by the watchdog's TERM                          |
 * | relay    | fifo          | stdout  | at the end of the fifo, or 2 s after that TERM                |
 * | log      | log file      | stderr  | after vzdump with all of the log, or 1 s after a vzdump that was ended |
 * | watchdog | stdin         | nothing | by the wrapper, when all others have ended                    |
 *
 * The relay makes the fifo, and stdout where that is a socket, as large as root may (F_SETPIPE_SZ, SO_SNDBUFFORCE): two processes take
 * turns each time one is full or empty, and with what a shell has that took twice the time.
 *
 * The watchdog ends the dump at the end of stdin, after silence, and when nobody reads stdout any more. From then on it
 * reads the fifo itself: a dump that is being ended must not meet a stalled or a broken stream. 30 s later it breaks it all
 * the same, so that a vzdump that did not heed TERM ends too.
 */
export function wrappedDump(argv: Argv, { guest, dumpDir, silenceSeconds = 60 }: WrappedDumpOptions): Argv {
  const { type, vmid } = guest;
  const logPrefix = `${dumpDir}/vzdump-${type}-${vmid}-`;
  return asArgv(dumpScript, [`dump-${type}-${vmid}`, String(silenceSeconds), logPrefix, ...argv]);
}

/**
 * Opening a fifo waits for its other end: the relay and descriptor 5 meet, then 4 finds a writer. 4 holds the reading end
 * open for the watchdog. The log file's name has the time that the log itself names; PVE's own jobs keep theirs beside it.
 */
const dumpScript = String.raw`${privateFolder}
silence=$1 logs=$2
shift 2
mkfifo "$folder/stream" || exit 1
: >"$folder/log"
exec 3<&0 </dev/null

perl -e '
  fcntl(STDIN, 1031, 1 << 20);
  setsockopt(STDOUT, 1, 32, pack("i", 1 << 20));
  for (;;) {
    my $got = sysread(STDIN, $_, 1 << 18);
    next if !defined $got && $!{EINTR};
    exit 1 if !defined $got;
    exit 0 if $got == 0;
    for (my $at = 0; $at < $got; ) {
      my $put = syswrite(STDOUT, $_, $got - $at, $at);
      next if !defined $put && $!{EINTR};
      exit 1 if !defined $put;
      $at += $put;
    }
  }' <"$folder/stream" 2>/dev/null 3<&- &
relay=$!
exec 5>"$folder/stream" 4<"$folder/stream"
(trap - PIPE; exec "$@") >&5 2>>"$folder/log" 3<&- 4<&- 5>&- &
dump=$!
exec 5>&-
tail -f -c +1 -s 0.2 --pid="$dump" "$folder/log" >&2 2>/dev/null 3<&- 4<&- &
log=$!

end() {
  cat <&4 >/dev/null &
  drain=$!
  kill -TERM "$dump"
  sleep 2
  kill -KILL "$relay"
  left=28
  while kill -0 "$dump"; do
    sleep 1
    left=$((left - 1))
    [ "$left" -ne 0 ] || { kill -KILL "$drain"; exec 4<&-; }
  done
  sleep 1
  kill -KILL "$log"
}

(
  stop=
  trap 'stop=1' TERM
  while [ -z "$stop" ]; do
    timeout --foreground "$silence" head -c 1 <&3 >"$folder/heard" &
    wait "$!"
    [ "$?" -ne 124 ] || echo "pvebak was not heard for $silence s" >>"$folder/log"
    [ -s "$folder/heard" ] || break
  done
  end
) >/dev/null 2>&1 &
watchdog=$!
exec 3<&- 4<&- >/dev/null 2>&1
trap 'told=1; kill -TERM "$watchdog"' TERM INT

${settle}
settle "$relay"
[ "$code" -eq 0 ] || kill -TERM "$watchdog"
settle "$dump"
status=$code
settle "$log"
time='\([0-9]*\)-\([0-9]*\)-\([0-9]*\) \([0-9]*\):\([0-9]*\):\([0-9]*\)'
started=$(sed -n "s/^INFO: Backup started at $time\$/\1_\2_\3-\4_\5_\6/p" "$folder/log" | head -n 1)
[ -z "$started" ] || rm -f -- "$logs$started.log"
${endTogether('watchdog')}
exit "$status"
`;
