import type { HostEntry, NodeAccess } from '../config/site.ts';
import type { NodeName } from '../pve/guest.ts';
import type { Inventory } from '../pve/inventory.ts';
import { lookUpHostname } from '../pve/look-up-hostname.ts';
import type { Shell } from '../transport/shell.ts';
import { openSsh2Shell, type Ssh2Shell, type Ssh2ShellOptions } from '../transport/ssh2-shell.ts';
import { UserError } from '../user-error.ts';
import { openShell, openSsh, type SshAccess, sshOptions } from './open-shell.ts';
import type { Surroundings } from './surroundings.ts';

/** How long a node without a route is waited for before the jump. */
const DIRECT_TIMEOUT_MS = 5_000;

/**
 * Opens a way to one node of a host entry's cluster: the entry itself when that is the node; else the address that the
 * site file or the cluster states; and where no connection gets there, through the entry.
 * @throws UserError `host-unreachable`, `host-key`, `login-refused`
 */
export async function openNode(
  host: HostEntry,
  target: { readonly node: NodeName; readonly inventory: Inventory | undefined },
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<Shell> {
  const { access } = host;
  const { node, inventory } = target;
  if (access.kind === 'local' || inventory === undefined || inventory.nodes.length < 2)
    return openShell(host, surroundings, signal);
  const own = access.nodes?.get(node);
  const addresses = own?.addresses ?? statedAddress(inventory, node, access);
  if (addresses !== undefined && (own?.addresses !== undefined || node !== inventory.localNode)) {
    return openDirectly(host, { access, node, own, addresses }, surroundings, signal);
  }
  return openEntryOn(host, node, surroundings, signal);
}

interface Direct {
  readonly access: SshAccess;
  readonly node: NodeName;
  readonly own: NodeAccess | undefined;
  readonly addresses: Ssh2ShellOptions['addresses'];
}

async function openDirectly(
  host: HostEntry,
  direct: Direct,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<Shell> {
  const access = { ...nodeAccess(direct), addresses: direct.addresses };
  if (access.client?.kind === 'openssh') return openSsh(host, access, surroundings, signal);
  const options = await sshOptions(host, access, surroundings);
  try {
    return await openSsh2Shell({ ...options, connectTimeoutMs: DIRECT_TIMEOUT_MS }, { signal });
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== 'host-unreachable') throw error;
    return openThroughEntry(host, options, error, surroundings, signal);
  }
}

/** The entry's addresses may lead to any node of the cluster: which one answers is looked at. */
async function openEntryOn(
  host: HostEntry,
  node: NodeName,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<Shell> {
  const shell = await openShell(host, surroundings, signal);
  const answers = await lookUpHostname(shell, signal);
  if (answers === node) return shell;
  await shell[Symbol.asyncDispose]();
  throw new UserError(
    'host-unreachable',
    `${host.name} leads to node ${answers} now, and node ${node} is needed`,
    {
      hint: `is ${node} down? else give its address under hosts.${host.name}.nodes`,
    },
  );
}

async function openThroughEntry(
  host: HostEntry,
  options: Ssh2ShellOptions,
  failure: UserError,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<Shell> {
  const entry = await openShell(host, surroundings, signal);
  if (!canJump(entry)) {
    await entry[Symbol.asyncDispose]();
    throw failure;
  }
  try {
    return closingBoth(await entry.openThrough(options, { signal }), entry);
  } catch (error) {
    await entry[Symbol.asyncDispose]();
    throw error;
  }
}

function canJump(shell: Shell): shell is Ssh2Shell {
  return 'openThrough' in shell;
}

function closingBoth(inner: Shell, outer: Shell): Shell {
  return {
    where: inner.where,
    run: (argv, options) => inner.run(argv, options),
    async [Symbol.asyncDispose]() {
      await inner[Symbol.asyncDispose]();
      await outer[Symbol.asyncDispose]();
    },
  };
}

function nodeAccess({ access, own }: Direct): SshAccess {
  return own?.hostKeys === undefined ? access : { ...access, hostKeys: own.hostKeys };
}

function statedAddress(
  inventory: Inventory,
  node: NodeName,
  access: SshAccess,
): Ssh2ShellOptions['addresses'] | undefined {
  const address = inventory.nodes.find(({ name }) => name === node)?.address;
  return address === undefined ? undefined : [{ host: address, port: access.addresses[0]?.port ?? 22 }];
}
