import { formatGuestRef, type GuestRef, type GuestType, type NodeName, parseNodeName } from '../pve/guest.ts';
import { parseGuestConfig } from '../pve/guest-config.ts';
import type { LineIdentity } from '../pve/inventory.ts';
import { lineIdentity, machineOf } from '../pve/line.ts';
import { capture } from '../transport/capture.ts';
import type { Shell } from '../transport/shell.ts';
import { UserError } from '../user-error.ts';

/** Where a vmid is right now, whichever type of guest has it. */
export interface FoundGuest {
  readonly type: GuestType;
  readonly node: NodeName;
  readonly config: string;
}

const SCRIPT =
  'for f in /etc/pve/nodes/*/*/"$1".conf; do test -e "$f" && echo "$f" && cat -- "$f" && exit; done; exit 0';
const TIMEOUT_MS = 60_000;

/**
 * Any node of a cluster knows; one command. Undefined when no guest has the vmid.
 * @throws UserError `command-failed` when the node does not say, `host-unreachable`
 */
export async function lookUpVmid(
  shell: Shell,
  vmid: number,
  signal?: AbortSignal,
): Promise<FoundGuest | undefined> {
  const options = { timeoutMs: TIMEOUT_MS, ...(signal !== undefined && { signal }) };
  const { stdout, stderr, exit } = await capture(shell, ['sh', '-c', SCRIPT, 'sh', String(vmid)], options);
  if (exit.kind !== 'status' || exit.status !== 0)
    throw new UserError(
      'command-failed',
      `cannot look for guest ${vmid} on ${shell.where}: ${stderr.trim()}`,
    );
  const text = Buffer.from(stdout).toString('utf8');
  const [, nodeText, folder] = /^\/etc\/pve\/nodes\/([^/\n]+)\/(qemu-server|lxc)\//.exec(text) ?? [];
  const node = parseNodeName(nodeText);
  if (node === undefined) return undefined;
  return { type: folder === 'lxc' ? 'lxc' : 'qemu', node, config: text.slice(text.indexOf('\n') + 1) };
}

/**
 * Looks a guest up again right before its dump: it may have moved since it was planned.
 * @returns the node where it is
 * @throws UserError `guest` when it is gone, or another machine has its vmid now
 */
export async function lookUpGuest(
  shell: Shell,
  planned: { readonly ref: GuestRef; readonly identity: LineIdentity; readonly clusterFingerprint: string },
  signal: AbortSignal,
): Promise<NodeName> {
  const { ref, identity } = planned;
  const found = await lookUpVmid(shell, ref.vmid, signal);
  if (found === undefined || found.type !== ref.type) {
    throw new UserError('guest', `${formatGuestRef(ref)} is no longer there`, {
      hint: 'it was there when the plan was made; plan again',
    });
  }
  const now = lineIdentity(
    planned.clusterFingerprint,
    ref,
    machineOf(ref.type, parseGuestConfig(ref.type, found.config)),
  );
  if (now.line !== identity.line) {
    throw new UserError('guest', `${formatGuestRef(ref)} is another machine than the one that was planned`, {
      hint: 'its vmid was used again, or its uuid or hardware address was changed; plan again',
    });
  }
  return found.node;
}
