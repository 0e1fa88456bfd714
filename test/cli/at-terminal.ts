/** A command behind a pseudo terminal, and somebody who answers what it asks. */
import { spawn } from 'node:child_process';
import { type Ended, shellStatus, until, type Workplace } from './program.ts';

/** A question to wait for, and what is typed then, perhaps after something was done; the return key is added. */
export type Answer = readonly [question: string, typed: string | (() => string)];

/** @returns all that the terminal has shown, as stdout */
export async function atTerminal(
  place: Workplace,
  args: readonly string[],
  answers: readonly Answer[],
): Promise<Ended> {
  const child = spawn('script', ['--quiet', '--return', '--command', place.line(...args), '/dev/null'], {
    cwd: place.folder,
    env: { ...place.environment, SHELL: '/bin/sh' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let shown = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
  });
  const ended = Promise.withResolvers<number>();
  child.once('error', ended.reject);
  child.once('close', (code, signal) => ended.resolve(shellStatus(code, signal)));
  let seen = 0;
  for (const [question, typed] of answers) {
    await until(() => shown.includes(question, seen) || child.exitCode !== null);
    seen = shown.length;
    if (child.exitCode === null) child.stdin.write(`${typeof typed === 'string' ? typed : typed()}\r`);
  }
  const status = await ended.promise;
  child.stdin.destroy();
  return { stdout: shown.replaceAll('\r\n', '\n'), stderr: '', status };
}
