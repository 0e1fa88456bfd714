import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Supervised {
  readonly running: () => boolean;
  readonly ended: Promise<SupervisedEnd>;
  /** Ends the client if it still runs. */
  readonly end: () => Promise<SupervisedEnd>;
}

export interface SupervisedEnd {
  /** The client's; 127 when there is no such program. */
  readonly status: number;
  /** What the client wrote there, its last 64 KiB. */
  readonly stderr: string;
  /** The host keys the server showed. */
  readonly shown: string;
}

const textLimit = 64 * 1024;
const textGraceMs = 500;

/** @param argv the private folder, then the client's command line */
export function startSupervisor(argv: readonly string[], environment: NodeJS.ProcessEnv): Supervised {
  const child = spawn('/bin/sh', ['-c', supervisorScript, 'sh', ...argv], {
    detached: true,
    env: environment,
    stdio: 'pipe',
  });
  child.stdin.on('error', () => {});
  const stderr = collect(child.stderr);
  const shown = collect(child.stdout);
  const ended = statusOf(child).then(async (status) => {
    // Something that the user's configuration started may hold the pipes for longer.
    await Promise.race([Promise.all([closed(child.stderr), closed(child.stdout)]), sleep(textGraceMs)]);
    return { status, stderr: stderr(), shown: shown() };
  });
  return {
    running: () => child.exitCode === null && child.signalCode === null,
    ended,
    end() {
      child.stdin.end();
      return ended;
    },
  };
}

async function closed(source: Readable): Promise<void> {
  if (!source.closed) await once(source, 'close');
}

function collect(source: Readable): () => string {
  let text = '';
  source.setEncoding('utf8').on('data', (chunk: string) => {
    text = (text + chunk).slice(-textLimit);
  });
  return () => text;
}

function statusOf(child: ChildProcess): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.on('error', reject).on('exit', (status) => resolve(status ?? 255));
  return promise;
}

/**
 * Keeps the connection's client (arguments: the private folder, then its command line) no longer than whoever holds
 * the other end of stdin. At the end of stdin, also when that process was killed, the whole process group gets TERM,
 * the client KILL 2 s later; what its jumps started is in the group too. Then the folder goes. Its
 * stdout gets the host keys that were shown, its exit is the client's status. Must lead a process group.
 */
const supervisorScript = `
dir=$1
shift
trap '' TERM
exec 3<&0 4>&2 2>/dev/null
(trap - TERM; exec "$@" </dev/null >/dev/null 2>&4 3<&- 4>&-) &
client=$!
echo "$client" >"$dir/client"
(
  exec 4>&-
  while read -r _; do :; done <&3
  kill -TERM 0
  (trap - TERM; exec sleep 2)
  kill -KILL "$client"
) >/dev/null &
watcher=$!
exec 3<&- 4>&-
wait "$client"
status=$?
kill -KILL "$watcher"
kill -TERM 0
cat "$dir/shown"
rm -rf -- "$dir"
exit "$status"
`;
