import { UserError } from '../user-error.ts';
import type { MasterRequest } from './openssh-arguments.ts';
import { startOpensshCommand } from './openssh-command.ts';
import { explainFailure } from './openssh-failure.ts';
import { type OpensshMaster, startMaster } from './openssh-master.ts';
import { formatOpensshAddress, type OpensshAddress, type OpensshShellOptions } from './openssh-options.ts';
import type { RunningCommand, Shell } from './shell.ts';

/**
 * Opens one connection with the system's own client (OpenSSH 8.5 or newer), which reads ~/.ssh/config and with it
 * knows jumps, certificates and hardware keys, and runs each command through it. Nothing is ever asked on a terminal.
 * An abort of `signal` ends connecting; later it has no effect. An abort of a command closes its channel: the far
 * process gets end of file and a broken pipe, no signal. On the far side each command has a `sh` as its parent.
 * @throws UserError `host-unreachable` naming each address with its reason; `host-key`; `login-refused`;
 * `command-failed` when there is no such client or it does not take its configuration
 */
export async function openOpensshShell(
  options: OpensshShellOptions,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<Shell> {
  const failures: string[] = [];
  for (const address of options.addresses) {
    const connected = await connect(address, options, signal);
    if (connected.kind === 'connected') return shellOver(connected.master, address, options);
    failures.push(`${formatOpensshAddress(address)}: ${connected.reason}`);
  }
  throw unreachable(failures);
}

type Connected =
  | { readonly kind: 'connected'; readonly master: OpensshMaster }
  | { readonly kind: 'unreachable'; readonly reason: string };

/** A server may have several host keys and shows one: when that one is not pinned, it is asked for its others. */
async function connect(
  address: OpensshAddress,
  options: OpensshShellOptions,
  signal: AbortSignal | undefined,
): Promise<Connected> {
  let first: UserError | undefined;
  const refusedTypes: string[] = [];
  for (;;) {
    const request: MasterRequest = { address, options, refusedTypes };
    const outcome = await startMaster(request, { signal });
    if (outcome.kind === 'connected') return outcome;
    const failure = explainFailure(request, outcome);
    if (failure.kind !== 'untrusted') {
      if (first !== undefined) throw first;
      if (failure.kind === 'unreachable') return failure;
      throw failure.error;
    }
    first ??= failure.error;
    if (failure.type === undefined || refusedTypes.includes(failure.type)) throw first;
    refusedTypes.push(failure.type);
  }
}

function unreachable(failures: readonly string[]): UserError {
  if (failures.length === 1) return new UserError('host-unreachable', `cannot reach ${failures[0]}`);
  return new UserError(
    'host-unreachable',
    `cannot reach the host by any of its addresses\n  ${failures.join('\n  ')}`,
  );
}

function shellOver(master: OpensshMaster, address: OpensshAddress, options: OpensshShellOptions): Shell {
  const where = formatOpensshAddress(address);
  const { program = 'ssh', environment } = options;
  return {
    where,
    run: (argv, { signal, long = false } = {}): Promise<RunningCommand> =>
      startOpensshCommand(master, argv, { where, program, environment, signal, long }),
    [Symbol.asyncDispose]: () => master.end(),
  };
}
