import { sendArchive } from '../pve/wrapper/frames.ts';
import { stageCommand } from '../pve/wrapper/stage-script.ts';
import { UserError } from '../user-error.ts';
import { delayed } from './delayed-signal.ts';
import type { Delivery } from './restore-delivery.ts';
import { stagedTool } from './restore-staged-tool.ts';
import { runRestoreTool, type ToolEnded } from './restore-tool-run.ts';

/** The scripts on the node undo what they have begun within seconds; a wire that stalls is given up after this. */
const ENDS_WITHIN_MS = 45_000;
/** A tool that runs has all that it needs, and goes on without us. */
const RUNNING_TOOL_MS = 1_000;

/**
 * Writes the archive into `dump_dir`, which reads and proves every blob; then lets the tool read it.
 * @param path where the archive is put; it is gone afterwards unless the restore succeeded and `keep` is set
 */
export async function restoreByFile(
  { path, keep }: { readonly path: string; readonly keep: boolean },
  delivery: Delivery,
): Promise<ToolEnded> {
  const { shell, target, signal, onPercent } = delivery;
  const proved = Promise.withResolvers<void>();
  proved.promise.catch(() => undefined);
  const givenUp = new AbortController();
  const letGo = new AbortController();
  const ending = AbortSignal.any([signal, givenUp.signal]);
  const tool = runRestoreTool(shell, {
    argv: stagedTool({ argv: delivery.argv(path), path, keep }),
    target,
    source: nothingUntil(proved.promise),
    onPercent,
    signal: ending,
    letGo: AbortSignal.any([delayed(ending, ENDS_WITHIN_MS), letGo.signal]),
  });
  tool.catch(() => undefined);
  try {
    await delivery.beforeTouching(await stageArchive(path, delivery));
  } catch (error) {
    proved.reject(error);
    givenUp.abort(error);
    await tool.catch(() => undefined);
    throw error;
  }
  proved.resolve();
  delayed(signal, RUNNING_TOOL_MS).addEventListener('abort', () => letGo.abort(signal.reason), {
    once: true,
  });
  return tool;
}

// biome-ignore lint/correctness/useYield: its end is what it has to tell
async function* nothingUntil(promise: Promise<void>): AsyncGenerator<Uint8Array> {
  await promise;
}

/** @returns how many bytes it has. @throws UserError; nothing is left on the node then */
async function stageArchive(path: string, delivery: Delivery): Promise<number> {
  const { shell, target, signal } = delivery;
  const command = await shell.run(stageCommand(path, { guest: target }), {
    signal: delayed(signal, ENDS_WITHIN_MS),
  });
  const words = lastWords(command.stderr);
  void lastWords(command.stdout);
  const counted = { bytes: 0 };
  let broken: { readonly cause: unknown } | undefined;
  try {
    const archive = counting(delivery.archive('proving'), counted);
    await sendArchive(command, archive, { onSent: (bytes) => delivery.free(bytes), signal });
  } catch (cause) {
    broken = { cause };
  }
  const exit = await command.exit;
  signal.throwIfAborted();
  if (broken !== undefined) throw broken.cause;
  if (exit.kind === 'lost') throw connectionLost(path, delivery, exit.reason);
  if (exit.kind === 'status' && exit.status === 0) return counted.bytes;
  throw new UserError(
    'restore-target',
    `cannot write ${path} on ${shell.where}: ${(await words) || 'the node does not say why'}`,
    { hint: 'is `dump_dir` there, and is there room? nothing on the target was changed' },
  );
}

async function* counting(
  archive: AsyncIterable<Uint8Array>,
  counted: { bytes: number },
): AsyncGenerator<Uint8Array> {
  for await (const bytes of archive) {
    counted.bytes += bytes.length;
    yield bytes;
  }
}

function connectionLost(path: string, { shell }: Delivery, reason: string): UserError {
  return new UserError(
    'host-unreachable',
    `the connection to ${shell.where} was lost while writing ${path}: ${reason}`,
    { hint: 'nothing on the target was changed, and the node removes the unfinished archive itself' },
  );
}

async function lastWords(stream: AsyncIterable<Uint8Array>): Promise<string> {
  let text = '';
  try {
    for await (const bytes of stream) text = `${text}${Buffer.from(bytes).toString('utf8')}`.slice(-4096);
  } catch {
    return text.trim();
  }
  return text.trim().split('\n').at(-1) ?? '';
}
