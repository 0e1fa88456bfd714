import type { Argv } from '../pve/commands.ts';
import type { GuestRef } from '../pve/guest.ts';
import { LogLines } from '../pve/log-lines.ts';
import { sendArchive } from '../pve/wrapper/frames.ts';
import { wrappedRestore } from '../pve/wrapper/restore-script.ts';
import type { CommandExit, Shell } from '../transport/shell.ts';
import { UserError } from '../user-error.ts';

export interface ToolWork {
  readonly argv: Argv;
  /** The guest that is restored into. */
  readonly target: GuestRef;
  /** What the tool reads; it is ended when this throws. */
  readonly source: AsyncIterable<Uint8Array>;
  /** Is told each part of the source once it is sent, in order. */
  readonly onSent?: (bytes: Uint8Array) => void;
  /** How far the tool says that it is, 0 to 100. Only qmrestore says it. */
  readonly onPercent: (percent: number) => void;
  /** Ends its input without the end mark; the wrapper then ends the tool, and says when it has. */
  readonly signal: AbortSignal;
  /** Gives up waiting for it: later than `signal`. */
  readonly letGo: AbortSignal;
}

export interface ToolEnded {
  readonly exit: CommandExit;
  readonly stdout: string;
  readonly stderr: string;
  /** Why its input was broken off, here or by the node, which had not heard of us; undefined when it got all of it. */
  readonly brokenOff: { readonly cause: unknown } | undefined;
}

/** Of each stream; the end is what tells why. */
const KEPT_CHARACTERS = 1 << 16;

/**
 * Runs a restore through the wrapper on the node, which ends it clean when the input breaks off. Resolves once the
 * command has ended, also after an abort; how is for the caller to judge.
 * @throws UserError `host-unreachable`, `command-failed` when it cannot be started
 */
export async function runRestoreTool(shell: Shell, work: ToolWork): Promise<ToolEnded> {
  const { argv, target, source, onSent, signal, letGo } = work;
  const command = await shell.run(wrappedRestore(argv, { guest: target }), { signal: letGo });
  const stdout = collectLines(command.stdout, (line) => {
    const [, percent] = /^progress (\d{1,3})% \(read /.exec(line) ?? [];
    if (percent !== undefined) work.onPercent(Math.min(100, Number(percent)));
  });
  const stderr = collectLines(command.stderr, () => undefined);
  let brokenOff: ToolEnded['brokenOff'];
  try {
    await sendArchive(command, source, { ...(onSent && { onSent }), signal });
  } catch (cause) {
    brokenOff = { cause };
  }
  const exit = await command.exit;
  const words = await stderr;
  return { exit, stdout: await stdout, stderr: words, brokenOff: brokenOff ?? silence(words, shell) };
}

/** The wrapper's words; after them come those of the tool, which knows only that it was ended. */
function silence(stderr: string, { where }: Shell): ToolEnded['brokenOff'] {
  const [, span] = /^pvebak was not heard for (\d+ s)$/m.exec(stderr) ?? [];
  if (span === undefined) return undefined;
  const cause = new UserError(
    'restore-target',
    `${where} has heard nothing of pvebak for ${span} and ended the restore`,
    { hint: 'was pvebak stopped, its machine asleep, or the way between them down?' },
  );
  return { cause };
}

/** The last lines. A stream that broke is as long as it got: the exit says that the connection is lost. */
async function collectLines(
  stream: AsyncIterable<Uint8Array>,
  onLine: (line: string) => void,
): Promise<string> {
  const lines = new LogLines();
  let text = '';
  const keep = (line: string) => {
    onLine(line);
    text = `${text}${line}\n`.slice(-KEPT_CHARACTERS);
  };
  try {
    for await (const bytes of stream) lines.push(bytes).forEach(keep);
  } catch {
    return text;
  }
  lines.end().forEach(keep);
  return text;
}
