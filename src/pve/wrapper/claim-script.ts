import type { Argv } from '../commands.ts';
import type { GuestRef } from '../guest.ts';
import { asArgv, privateFolders } from './script-parts.ts';

export interface ClaimRequest {
  /** Of the repository, 64 hex digits: a guest may be backed up into two of them. */
  readonly repository: string;
  readonly guest: GuestRef;
  readonly holder: ClaimHolder;
  /** How long the client may send no heartbeat before the claim is given back; default 60. */
  readonly silenceSeconds?: number;
}

/** Who has a claim, as its file on the node tells. */
export interface ClaimHolder {
  /** Of the run, 16 hex digits. */
  readonly run: string;
  /** The machine that pvebak runs on. */
  readonly hostname: string;
  readonly pid: number;
  /** RFC 3339, to the second. */
  readonly since: string;
}

export type ClaimAnswer =
  | { readonly kind: 'claimed' }
  /** `by` is undefined where its file does not tell. */
  | { readonly kind: 'busy'; readonly by: ClaimHolder | undefined };

/**
 * The command by which a runner claims a guest on its node, for one repository, while it dumps it and commits. Its first
 * line says how that went (`parseClaimAnswer`); a claim is held as long as it runs. It ends at the end of stdin, after
 * silence (the client owes it heartbeats), and with the node: a claim does not outlive its runner by more than that.
 *
 * The claim is a lock on a file (flock), so that it goes to one of those who want it. Whoever has it removes the file before
 * giving it back; who then gets a lock on a file that is not there any more asks again.
 */
export function claimCommand({ repository, guest, holder, silenceSeconds = 60 }: ClaimRequest): Argv {
  const { run, hostname, pid, since } = holder;
  const name = `claim-${guest.type}-${guest.vmid}`;
  return asArgv(claimScript, [
    name,
    String(silenceSeconds),
    repository.slice(0, 16),
    `${run} ${hostname.replace(/[^\w.-]/g, '-')} ${pid} ${since}`,
  ]);
}

const claimScript = `path=${privateFolders}/pvebak-$1.$3 silence=$2 holder=$4
trap '' HUP PIPE
trap 'exit 1' TERM INT
umask 077
while :; do
  exec 9>>"$path" || exit 1
  if ! flock -n 9; then
    echo "busy $(head -c 400 "$path")"
    exit 0
  fi
  [ ! "$path" -ef "/proc/$$/fd/9" ] || break
done
trap 'rm -f "$path"' EXIT
printf "%s\\n" "$holder" >"$path"
echo claimed
while [ -n "$(timeout --foreground "$silence" head -c 1 9>&-)" ]; do :; done
`;

/** @returns undefined when the line is no answer */
export function parseClaimAnswer(line: string): ClaimAnswer | undefined {
  if (line === 'claimed') return { kind: 'claimed' };
  return line === 'busy' || line.startsWith('busy ')
    ? { kind: 'busy', by: parseHolder(line.slice('busy '.length)) }
    : undefined;
}

/** What it says comes from the node, and is shown. */
function parseHolder(text: string): ClaimHolder | undefined {
  const [, run, hostname, pid, since] =
    /^([0-9a-f]{16}) ([\w.-]{1,253}) (\d{1,10}) (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d))$/.exec(
      text,
    ) ?? [];
  if (run === undefined || hostname === undefined || since === undefined) return undefined;
  return { run, hostname, pid: Number(pid), since };
}
