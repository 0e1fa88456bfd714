import { guestCommand, pveshGet } from '../pve/commands.ts';
import { formatGuestRef, type GuestRef, type NodeName } from '../pve/guest.ts';
import { parseNodeBridges } from '../pve/node-bridges.ts';
import { capture } from '../transport/capture.ts';
import type { Shell } from '../transport/shell.ts';
import { UserError } from '../user-error.ts';
import { type FoundGuest, lookUpVmid } from './look-up-guest.ts';

/** What is on a node where a guest is to be restored, right now. */
export interface TargetFacts {
  readonly node: NodeName;
  /** Whoever has the vmid, anywhere in the cluster. */
  readonly found: FoundGuest | undefined;
  readonly storages: readonly NodeStorage[];
  readonly pools: readonly string[];
  /** Empty when the node's network configuration tells of none. */
  readonly bridges: readonly string[];
}

/** A storage as one node sees it. */
export interface NodeStorage {
  readonly storage: string;
  /** `lvm`, `lvmthin`, `dir`, ... */
  readonly type: string;
  readonly active: boolean;
  readonly content: readonly string[];
  readonly freeBytes: number;
}

const TIMEOUT_MS = 120_000;
const FILES_SCRIPT =
  'grep -a "^pool:" /etc/pve/user.cfg; echo; cat /etc/network/interfaces /etc/network/interfaces.d/* 2>/dev/null; exit 0';

/** @throws UserError `host-unreachable`, `command-failed` */
export async function readTargetFacts(
  shell: Shell,
  { node, vmid }: { readonly node: NodeName; readonly vmid: number },
  signal: AbortSignal,
): Promise<TargetFacts> {
  const options = { signal, timeoutMs: TIMEOUT_MS };
  const [found, storages, files] = await Promise.all([
    lookUpVmid(shell, vmid, signal),
    readStorages(shell, node, signal),
    capture(shell, ['sh', '-c', FILES_SCRIPT], options),
  ]);
  const text = Buffer.from(files.stdout).toString('utf8');
  return { node, found, storages, pools: parsePools(text), bridges: parseNodeBridges(text) };
}

async function readStorages(
  shell: Shell,
  node: NodeName,
  signal: AbortSignal,
): Promise<readonly NodeStorage[]> {
  const command = pveshGet(`/nodes/${node}/storage`);
  const { stdout, stderr, exit } = await capture(shell, command, { signal, timeoutMs: TIMEOUT_MS });
  if (exit.kind !== 'status' || exit.status !== 0)
    throw new UserError('command-failed', `cannot ask for the storages of ${node}: ${stderr.trim()}`);
  return parseNodeStorages(Buffer.from(stdout).toString('utf8'));
}

/** Rows that are none are passed over. */
export function parseNodeStorages(json: string): readonly NodeStorage[] {
  const rows: unknown = JSON.parse(json);
  return (Array.isArray(rows) ? rows : []).flatMap((row: unknown) => {
    const { storage, type, active, content, avail }: Readonly<Record<string, unknown>> =
      typeof row === 'object' && row !== null ? { ...row } : {};
    if (typeof storage !== 'string') return [];
    return {
      storage,
      type: String(type ?? ''),
      active: active === 1 || active === '1' || active === true,
      content: String(content ?? '').split(','),
      freeBytes: Number(avail) || 0,
    };
  });
}

/** `pool:prod/db:comment:101,201:local:` */
function parsePools(text: string): readonly string[] {
  return [...text.matchAll(/^pool:([^:\n]+):/gm)].map(([, name = '']) => name);
}

/** Bytes that root may still write there; undefined when there is no such folder. */
export async function freeBytesOf(
  shell: Shell,
  folder: string,
  signal: AbortSignal,
): Promise<number | undefined> {
  const { stdout } = await capture(shell, ['stat', '-f', '-c', '%a %S', '--', folder], { signal });
  const [, blocks, size] = /^(\d+) (\d+)/.exec(Buffer.from(stdout).toString('utf8')) ?? [];
  return blocks === undefined ? undefined : Number(blocks) * Number(size);
}

/** @throws UserError `command-failed` when the tool does not answer */
export async function isRunning(shell: Shell, guest: GuestRef, signal: AbortSignal): Promise<boolean> {
  const { stdout, stderr, exit } = await capture(shell, guestCommand(guest, 'status'), {
    signal,
    timeoutMs: TIMEOUT_MS,
  });
  if (exit.kind === 'status' && exit.status === 0)
    return !/^status: stopped/m.test(Buffer.from(stdout).toString('utf8'));
  throw new UserError(
    'command-failed',
    `cannot ask for the status of ${formatGuestRef(guest)} on ${shell.where}: ${stderr.trim()}`,
    { hint: 'nothing on the target was changed' },
  );
}
