/**
 * The words of a dump: `INFO:`, `WARN:` and `ERROR:` lines to the task, and with a time before them to the log file of the guest.
 */
import { appendFileSync } from 'node:fs';
import { stamp } from './sizes.ts';
import { say } from './worker.ts';

export type Level = 'INFO' | 'WARN' | 'ERROR';

export class DumpLog {
  warnings = 0;
  #file: string | undefined;

  /** From now on lines go to this file, too. */
  open(file: string): void {
    this.#file = file;
    appendFileSync(file, '');
  }

  close(): void {
    this.#file = undefined;
  }

  info(message: string): void {
    this.#line('INFO', message);
  }

  warn(message: string): void {
    this.warnings++;
    this.#line('WARN', message);
  }

  error(message: string): void {
    this.#line('ERROR', message);
  }

  /** A line that child programs print, without a prefix. */
  plain(line: string): void {
    say(line);
  }

  #line(level: Level, message: string): void {
    say(`${level}: ${message}`);
    if (this.#file !== undefined) appendFileSync(this.#file, `${stamp()} ${level}: ${message}\n`);
  }
}
