import type { Argv } from '../commands.ts';
import type { GuestRef } from '../guest.ts';
import { relay, relayWords } from './relay-script.ts';
import { asArgv, privateFolder, settle } from './script-parts.ts';

export interface StageOptions {
  /** The guest whose archive it is. */
  readonly guest: GuestRef;
  /** How long the client may send nothing; default 60. */
  readonly silenceSeconds?: number;
}

/**
 * The command that stores an archive, sent by `sendArchive`, as a file that only root may read. It is written under the
 * name that `stagedPart` tells and renamed once its end mark has come; after anything else nothing is there. A file
 * that has the name is replaced. Ends with 0 when the file is there; else stderr says why.
 * @param path absolute, in a folder that is there
 */
export function stageCommand(path: string, { guest, silenceSeconds = 60 }: StageOptions): Argv {
  const folder = path.slice(0, path.lastIndexOf('/'));
  const part = `${folder}/${stagedPart(guest)}XXXXXXXX`;
  const name = `stage-${guest.type}-${guest.vmid}`;
  return asArgv(stageScript, [name, String(silenceSeconds), part, path]);
}

/** How the names of unfinished archives begin: `.pvebak-qemu-101.`, which no storage of Proxmox VE takes for an archive. */
export function stagedPart({ type, vmid }: GuestRef): string {
  return `.pvebak-${type}-${vmid}.`;
}

const stageScript = `${privateFolder}
silence=$1 path=$3
part=$(mktemp -- "$2") || exit 1
trap 'rm -rf "$folder"; rm -f -- "$part"' EXIT
exec 3<&0 </dev/null >/dev/null

${relay}
relay "$silence" <&3 >>"$part" &
relay=$!
exec 3<&- 4>&2 2>/dev/null
trap 'told=1; kill -KILL "$relay"' TERM INT

${settle}
settle "$relay"
status=1
${relayWords} >&4
[ "$code" -ne 0 ] || ! mv -f -- "$part" "$path" 2>&4 || status=0
exit "$status"
`;
