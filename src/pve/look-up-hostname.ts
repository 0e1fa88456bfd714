import { capture } from '../transport/capture.ts';
import type { Shell } from '../transport/shell.ts';
import { UserError } from '../user-error.ts';
import { type NodeName, parseNodeName } from './guest.ts';

/** The name of the node that a shell is on: its host name without a domain, as Proxmox VE names its nodes. */
export async function lookUpHostname(shell: Shell, signal: AbortSignal): Promise<NodeName> {
  const { stdout } = await capture(shell, ['hostname'], { signal });
  const text = Buffer.from(stdout).toString('utf8').trim();
  const name = parseNodeName(text.split('.')[0]);
  if (name === undefined) throw new UserError('command-failed', `${shell.where} does not tell its host name`);
  return name;
}
