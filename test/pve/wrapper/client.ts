/**
 * A client of a wrapped command as a process of its own, to be killed, stopped and cut off. Says
 * `started`, how many bytes it has, and at the end the exit or why it was lost.
 */
import { createReadStream } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { sendArchive } from '../../../src/pve/wrapper/frames.ts';
import { heartbeat } from '../../../src/pve/wrapper/heartbeat.ts';
import type { RunningCommand } from '../../../src/transport/shell.ts';
import { type NodeAddress, openNode } from './lab-shell.ts';

export interface ClientOrder {
  readonly node: NodeAddress;
  readonly argv: readonly string[];
  /** The archive to send; without one, it is a dump that is read. */
  readonly archive?: string;
}

const everyMs = 500;
const pieceMs = 25;

if (import.meta.main) {
  await run(JSON.parse(process.argv[2] ?? '{}')).catch((error: unknown) => {
    process.stdout.write(`lost: ${error}\n`);
    process.exit(1);
  });
}

async function run({ node, argv, archive }: ClientOrder): Promise<void> {
  await using shell = await openNode(node);
  const command = await shell.run(argv);
  process.stdout.write('started\n');
  const words = drain(command.stderr).catch(() => undefined);
  if (archive === undefined) await Promise.all([heartbeat(command, { everyMs }), receive(command)]);
  else await Promise.all([sendArchive(command, slowly(archive), { everyMs }), drain(command.stdout)]);
  await words;
  const exit = await command.exit;
  process.stdout.write(`${JSON.stringify(exit)}\n`);
}

/** Slower than the dump, so that every pipe on the way is full. */
async function receive(command: RunningCommand): Promise<void> {
  let bytes = 0;
  for await (const piece of command.stdout) {
    bytes += piece.length;
    process.stdout.write(`${bytes}\n`);
    await sleep((pieceMs * piece.length) / 262_144);
  }
}

async function* slowly(archive: string): AsyncGenerator<Uint8Array, void, undefined> {
  let bytes = 0;
  for await (const piece of createReadStream(archive, { highWaterMark: 262_144 })) {
    bytes += piece.length;
    process.stdout.write(`${bytes}\n`);
    yield piece;
    await sleep(pieceMs);
  }
}

async function drain(stream: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of stream);
}
