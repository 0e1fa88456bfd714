import { FormatError } from '../formats/format-error.ts';
import type { NodeName } from '../pve/guest.ts';
import { LogLines } from '../pve/log-lines.ts';
import { isNodeConfigStatus, NODE_CONFIG_COMMAND } from '../pve/node-config-command.ts';
import type { BlobSaver } from '../repository/store.ts';
import type { CommandExit, Shell } from '../transport/shell.ts';
import { UserError } from '../user-error.ts';
import { type TakenTar, takeInTar } from './take-in-tar.ts';

/** A node's configuration, its blobs saved. */
export interface TakenNodeConfig {
  readonly tar: TakenTar;
  /** 1: something changed while it was read. */
  readonly exitStatus: number;
  /** Lines that tar wrote. */
  readonly warnings: readonly string[];
}

export interface NodeConfigIntake {
  /** Leads to the node. */
  readonly shell: Shell;
  readonly writer: BlobSaver;
  /** Is called with the bytes of each piece that arrived. */
  readonly onBytes: (bytes: number) => void;
  readonly signal: AbortSignal;
}

/** A cluster file system that does not answer holds tar for ever. */
const LONGEST_MS = 10 * 60_000;
const MOST_WARNINGS = 100;
/** There in every cluster file system; while none is mounted, etc/pve is an empty folder. */
const PROOF = 'etc/pve/nodes/';
const LOOK = 'look whether /etc/pve is mounted there and answers: systemctl status pve-cluster';

/**
 * Runs tar on a node and takes its archive in. Nothing is committed, and nothing is left on the node.
 * @throws UserError `command-failed` when tar fails or /etc/pve is not mounted, `stream-broken` when the archive is not
 * whole, `host-unreachable`
 */
export async function takeInNodeConfig(node: NodeName, intake: NodeConfigIntake): Promise<TakenNodeConfig> {
  const { shell, writer, onBytes, signal } = intake;
  const tooLong = AbortSignal.timeout(LONGEST_MS);
  const command = await shell.run(NODE_CONFIG_COMMAND, { signal: AbortSignal.any([signal, tooLong]) });
  let isMounted = false;
  const tarred = takeInTar(counted(command.stdout, onBytes), writer, ({ rawName }) => {
    isMounted ||= Buffer.from(rawName).toString('latin1').startsWith(PROOF);
  });
  const ended = command.stdin.end().catch(() => undefined);
  const [tar, said] = await Promise.all([settled(tarred), linesOf(command.stderr), ended]);
  const exit = await command.exit;
  signal.throwIfAborted();
  const of = { title: `the configuration of node ${node}`, where: shell.where };
  if (tooLong.aborted)
    throw failure(of, `tar did not end within ${LONGEST_MS / 60_000} minutes on ${shell.where}`, LOOK);
  const exitStatus = statusOf(exit, said, of);
  if (tar.status === 'rejected') throw explained(tar.reason, of);
  if (!isMounted) throw failure(of, `/etc/pve is empty on ${shell.where}`, LOOK);
  return { tar: tar.value, exitStatus, warnings: said };
}

async function* counted(
  source: AsyncIterable<Uint8Array>,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const bytes of source) {
    onBytes(bytes.length);
    yield bytes;
  }
}

async function settled<T>(work: Promise<T>): Promise<PromiseSettledResult<T>> {
  const [result] = await Promise.allSettled([work]);
  return result;
}

/** A bounded number of lines. That the connection was lost is what the command's exit says. */
async function linesOf(stderr: AsyncIterable<Uint8Array>): Promise<readonly string[]> {
  const log = new LogLines();
  const lines: string[] = [];
  const keep = (found: readonly string[]) => lines.push(...found.slice(0, MOST_WARNINGS - lines.length));
  try {
    for await (const bytes of stderr) keep(log.push(bytes));
  } catch {
    return lines;
  }
  keep(log.end());
  return lines;
}

interface Subject {
  readonly title: string;
  readonly where: string;
}

function statusOf(exit: CommandExit, said: readonly string[], of: Subject): number {
  switch (exit.kind) {
    case 'lost': {
      const message = `${of.title}: the connection to ${of.where} was lost: ${exit.reason}`;
      throw new UserError('host-unreachable', message);
    }
    case 'signal':
      throw failure(of, `tar was ended on ${of.where} by the signal ${exit.signal}`);
    case 'status': {
      if (isNodeConfigStatus(exit.status)) return exit.status;
      const cause = said[0] ?? `status ${exit.status}`;
      const hint = /Permission denied/.test(cause) ? 'reading /etc/pve/priv needs root' : undefined;
      throw failure(of, `tar failed on ${of.where}: ${cause}`, hint);
    }
  }
}

function failure({ title }: Subject, what: string, hint?: string): UserError {
  return new UserError('command-failed', `${title}: ${what}`, hint === undefined ? {} : { hint });
}

function explained(error: unknown, { title }: Subject): unknown {
  if (!(error instanceof FormatError)) return error;
  return new UserError('stream-broken', `${title}: the archive is not whole: ${error.message}`, {
    hint: 'nothing was committed; run again',
    cause: error,
  });
}
