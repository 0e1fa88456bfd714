import type { Client, ClientChannel } from 'ssh2';
import { UserError } from '../user-error.ts';
import { type Address, formatAddress, Unreachable } from './ssh2-connect.ts';

export interface JumpOptions {
  /** The host that is jumped from, for messages. */
  readonly from: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** RFC 4254, 5.1 */
const administrativelyProhibited = 1;

/**
 * A TCP stream to an address, made by a host that is connected already. It ends with that connection.
 * @throws Unreachable when that host cannot reach it; UserError `host-unreachable` when that host lets nothing
 * through, which no other address would mend; the signal's reason on abort
 */
export async function jump(client: Client, to: Address, options: JumpOptions): Promise<ClientChannel> {
  const { from, signal } = options;
  signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<ClientChannel>();
  const onAbort = () => reject(signal?.reason);
  const tooLate = () => reject(new Unreachable(`no answer within ${options.timeoutMs / 1000} s`));
  const timer = setTimeout(tooLate, options.timeoutMs);
  const onClose = () => reject(new Unreachable(`the connection to ${from} was lost`));
  signal?.addEventListener('abort', onAbort, { once: true });
  client.once('close', onClose);
  let wanted = true;
  try {
    client.forwardOut('127.0.0.1', 0, to.host, to.port, (error, channel) => {
      if (error !== undefined) reject(refusal(error, to, from));
      else if (wanted) resolve(channel);
      else channel.close();
    });
    return await promise;
  } catch (error) {
    throw error instanceof Error && /Not connected/i.test(error.message)
      ? new Unreachable(`the connection to ${from} was lost`)
      : error;
  } finally {
    wanted = false;
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    client.off('close', onClose);
  }
}

function refusal(error: Error & { readonly reason?: unknown }, to: Address, from: string): Error {
  if (error.reason !== administrativelyProhibited)
    return new Unreachable(
      `${from} cannot reach it: ${error.message.replace(/^.*Channel open failure: /, '')}`,
    );
  return new UserError('host-unreachable', `${from} lets no connection through to ${formatAddress(to)}`, {
    hint: `Set AllowTcpForwarding yes (or local) in sshd_config there, and check PermitOpen and the options of the key in authorized_keys.`,
    cause: error,
  });
}
