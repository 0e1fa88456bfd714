import type { CommandExit, Shell } from '../../src/transport/shell.ts';

export interface RecordedAnswer {
  readonly stdout?: string;
  readonly stderr?: string;
  readonly status?: number;
}

/** A shell that answers each command with what was recorded for it, found by the command's first words. */
export function recordedShell(
  answers: Readonly<Record<string, RecordedAnswer>>,
): Shell & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    where: 'pve1:22',
    asked,
    async run(argv) {
      const line = argv.join(' ');
      asked.push(line);
      const known = Object.keys(answers).find((words) => line.startsWith(words));
      const answer =
        known === undefined ? { status: 127, stderr: `${argv[0]}: command not found\n` } : answers[known];
      const exit: CommandExit = { kind: 'status', status: answer?.status ?? 0 };
      return {
        stdout: pieces(answer?.stdout ?? ''),
        stderr: pieces(answer?.stderr ?? ''),
        stdin: { write: async () => {}, end: async () => {} },
        exit: Promise.resolve(exit),
      };
    },
    async [Symbol.asyncDispose]() {},
  };
}

async function* pieces(text: string): AsyncGenerator<Uint8Array, void, undefined> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
}
