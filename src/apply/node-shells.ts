import type { NodeName } from '../pve/guest.ts';
import type { Shell } from '../transport/shell.ts';
import type { ApplyHost } from './apply-host.ts';

/** The open ways into nodes: each opened when first used, kept for what follows, closed together. */
export class NodeShells implements AsyncDisposable {
  readonly #signal: AbortSignal;
  readonly #open = new Map<string, Promise<Shell>>();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** @throws UserError `host-unreachable`, `host-key`, `login-refused` */
  get(host: ApplyHost, node: NodeName): Promise<Shell> {
    const key = keyOf(host, node);
    const open = this.#open.get(key) ?? host.openNode(node, this.#signal);
    this.#open.set(key, open);
    return open;
  }

  /** Closes a way that turned out to be broken, so that the next use opens it anew. */
  async drop(host: ApplyHost, node: NodeName): Promise<void> {
    const open = this.#open.get(keyOf(host, node));
    this.#open.delete(keyOf(host, node));
    await close(open);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#open.values()].map(close));
    this.#open.clear();
  }
}

function keyOf(host: ApplyHost, node: NodeName): string {
  return `${host.name}/${node}`;
}

async function close(open: Promise<Shell> | undefined): Promise<void> {
  const shell = await open?.catch(() => undefined);
  await shell?.[Symbol.asyncDispose]();
}
