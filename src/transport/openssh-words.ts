import { askedLine } from './openssh-askpass.ts';

/** The lines of what ssh wrote that say something. */
export function opensshLines(stderr: string): string[] {
  return stderr
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && line !== askedLine && !/^Warning: Permanently added/.test(line));
}

/** The line that an ssh client ended with. */
export function lastWords(stderr: string): string | undefined {
  return opensshLines(stderr).at(-1)?.replace(/\.$/, '');
}
