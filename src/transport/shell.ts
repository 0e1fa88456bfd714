/**
 * The port through which everything on a node is done: run a command there, stream both ways.
 * `local-shell.ts`, `ssh2-shell.ts` and `openssh-shell.ts` implement it; `test/transport/shell-contract.ts` is what all
 * must pass.
 */
export interface Shell extends AsyncDisposable {
  /** Where commands run, for messages: `10.0.0.10:22` or `this machine`. */
  readonly where: string;
  /**
   * Starts a command. `argv[0]` is looked up in PATH on the node; no argument is interpreted by a shell.
   * An abort of `signal` closes the channel (remote) or sends TERM to the process (local) and makes `exit`
   * resolve with kind `lost`; what the far side does then is up to the command.
   * @throws UserError `command-failed` when the command cannot be started, `host-unreachable` when the connection is
   * gone; the signal's reason when it has fired
   */
  run(argv: readonly string[], options?: RunOptions): Promise<RunningCommand>;
}

export interface RunOptions {
  readonly signal?: AbortSignal;
  /** Its stdout will be long: worth more to set up, where that makes it faster. */
  readonly long?: boolean;
}

export interface RunningCommand {
  /**
   * To be iterated once; pulling is the back-pressure. Up to 1 MiB is read ahead, beyond that an unread stream holds the
   * command. A reader that stops early discards the rest. Ends at end of file; throws when the connection is lost.
   */
  readonly stdout: AsyncIterable<Uint8Array>;
  readonly stderr: AsyncIterable<Uint8Array>;
  readonly stdin: CommandInput;
  /** Resolves, never rejects, once the command has ended and both streams were delivered or dropped. */
  readonly exit: Promise<CommandExit>;
}

export interface CommandInput {
  /**
   * Resolves when more may be written. Rejects when the command no longer reads: at the latest once it has ended, since
   * SSH does not tell when a running command closes its input.
   */
  write(bytes: Uint8Array): Promise<void>;
  end(): Promise<void>;
}

export type CommandExit =
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'signal'; readonly signal: string }
  /** The connection ended before the status arrived. */
  | { readonly kind: 'lost'; readonly reason: string };
