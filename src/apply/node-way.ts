import type { NodeName } from '../pve/guest.ts';
import { lookUpHostname } from '../pve/look-up-hostname.ts';
import type { Shell } from '../transport/shell.ts';
import { openSsh2Shell, type Ssh2Shell } from '../transport/ssh2-shell.ts';
import { asRoot, openWay, ssh2ShellOptions, type Way } from '../transport/way.ts';
import { UserError } from '../user-error.ts';

/** How one node of a cluster is reached, as plain data: it can be handed to another thread. */
export type NodeWay =
  /** This way, wherever it leads. */
  | { readonly kind: 'entry'; readonly way: Way }
  /** The entry's addresses may lead to any node of the cluster: which one answers is looked at. */
  | { readonly kind: 'entry-on-node'; readonly way: Way; readonly host: string; readonly node: NodeName }
  /** The node's own address; where no connection gets there, through the entry. */
  | { readonly kind: 'direct'; readonly way: Way; readonly entry: Way };

/** @throws UserError `host-unreachable`, `host-key`, `login-refused` */
export async function openNodeWay(nodeWay: NodeWay, signal: AbortSignal): Promise<Shell> {
  const { way } = nodeWay;
  switch (nodeWay.kind) {
    case 'entry':
      return openWay(way, { signal });
    case 'entry-on-node':
      return openOnNode(nodeWay, signal);
    case 'direct':
      return openDirectly(nodeWay, signal);
  }
}

async function openOnNode(
  { way, host, node }: Extract<NodeWay, { kind: 'entry-on-node' }>,
  signal: AbortSignal,
): Promise<Shell> {
  const shell = await openWay(way, { signal });
  const answers = await lookUpHostname(shell, signal);
  if (answers === node) return shell;
  await shell[Symbol.asyncDispose]();
  throw new UserError(
    'host-unreachable',
    `${host} leads to node ${answers} now, and node ${node} is needed`,
    {
      hint: `is ${node} down? else give its address under hosts.${host}.nodes`,
    },
  );
}

async function openDirectly(
  { way, entry }: Extract<NodeWay, { kind: 'direct' }>,
  signal: AbortSignal,
): Promise<Shell> {
  if (way.kind !== 'ssh2' || entry.kind !== 'ssh2') return openWay(way, { signal });
  try {
    return await openWay(way, { signal });
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== 'host-unreachable') throw error;
    const outer = await openSsh2Shell(ssh2ShellOptions(entry.options), { signal });
    return openThrough(outer, way, signal);
  }
}

async function openThrough(
  outer: Ssh2Shell,
  way: Extract<Way, { kind: 'ssh2' }>,
  signal: AbortSignal,
): Promise<Shell> {
  const { connectTimeoutMs: _ofDirect, ...throughEntry } = way.options;
  try {
    const inner = await outer.openThrough(ssh2ShellOptions(throughEntry), { signal });
    return closingBoth(await asRoot(inner, way, { signal }), outer);
  } catch (error) {
    await outer[Symbol.asyncDispose]();
    throw error;
  }
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
