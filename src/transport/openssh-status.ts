import { randomBytes } from 'node:crypto';
import { constants } from 'node:os';
import { Transform } from 'node:stream';
import { quoteArgv } from './quote-argv.ts';
import type { CommandExit } from './shell.ts';

/**
 * How a command ended, told apart from how ssh ended: ssh has only its own status, 255 for whatever is wrong with the
 * connection, and nothing for a command that a signal ended. So the far shell runs a script that writes records into
 * stderr, where they are taken out again: a random mark and four characters.
 *
 * | `+000` | the command starts; whatever came before is not of the command |
 * | `s255` | it ended with this status (only above 128, any other is ssh's own) |
 * | `k137` | it was ended by a signal, 128 and its number                  |
 *
 * A POSIX shell gives both as 128 and more, but says on stderr what the signal was called; not SIGINT and SIGPIPE, which
 * are taken for signals, and not where the far `sh` is bash: there a signal is reported as a status above 128.
 */
const script = `mark=$1
shift
exec 3<&0 4>&1 5>&2
printf %s+000 "$mark" >&2
said=$(exec 2>&1; (exec "$@" <&3 >&4 2>&5 3<&- 4>&- 5>&-); exit $?)
status=$?
[ "$status" -le 128 ] && exit "$status"
kind=s
[ -n "$said" ] && kind=k
printf '%s%s%03d' "$mark" "$kind" "$status" >&2
exit 254`;

const recordLength = 4;
const unannounced: readonly number[] = [constants.signals.SIGINT, constants.signals.SIGPIPE];

/** No other text has it. */
export function newMark(): string {
  return `[pvebak ${randomBytes(12).toString('hex')}]`;
}

/** @throws UserError `command-failed` as `quoteArgv` does */
export function lineWithStatus(argv: readonly string[], mark: string): string {
  quoteArgv(argv);
  return quoteArgv(['sh', '-c', script, 'sh', mark, ...argv]);
}

/** What a command's client ended with. `lost` when ssh failed and not the command. */
export function exitOf(code: number | null, record: string | undefined, reason: () => string): CommandExit {
  if (record !== undefined) return recordedExit(record);
  if (code === null || code >= 254) return { kind: 'lost', reason: reason() };
  return { kind: 'status', status: code };
}

function recordedExit(record: string): CommandExit {
  const status = Number(record.slice(1));
  const number = status - 128;
  if (record.startsWith('k') || unannounced.includes(number)) {
    const name = Object.entries(constants.signals).find(([, value]) => value === number)?.[0];
    return { kind: 'signal', signal: name ?? `SIG${number}` };
  }
  return { kind: 'status', status };
}

/** Takes the records out of a command's stderr. */
export class StatusStream extends Transform {
  /** Resolves when the command has started; never when ssh ends before that. */
  readonly started: Promise<void>;
  /** What came before the start: ssh's own words. */
  before = '';
  /** The record of the end, `s255`. */
  record: string | undefined;
  readonly #mark: Buffer;
  readonly #start: () => void;
  #begun = false;
  #held: Buffer = Buffer.alloc(0);

  constructor(mark: string) {
    super();
    this.#mark = Buffer.from(mark);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.started = promise;
    this.#start = resolve;
  }

  override _transform(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#held = Buffer.concat([this.#held, chunk]);
    while (this.#takeRecord());
    this.#pass(this.#held.length - this.#mayBecomeRecord());
    done();
  }

  override _flush(done: () => void): void {
    this.#pass(this.#held.length);
    done();
  }

  #takeRecord(): boolean {
    const at = this.#held.indexOf(this.#mark);
    const from = at + this.#mark.length;
    if (at < 0 || this.#held.length < from + recordLength) return false;
    this.#pass(at);
    const record = this.#held
      .subarray(this.#mark.length, this.#mark.length + recordLength)
      .toString('latin1');
    this.#held = this.#held.subarray(this.#mark.length + recordLength);
    if (record.startsWith('+')) this.#begin();
    else this.record = record;
    return true;
  }

  #begin(): void {
    this.#begun = true;
    this.#start();
  }

  #pass(length: number): void {
    const bytes = this.#held.subarray(0, length);
    this.#held = this.#held.subarray(length);
    if (this.#begun) this.push(bytes);
    else this.before += bytes.toString();
  }

  /** How many of the last bytes may be the beginning of a record. */
  #mayBecomeRecord(): number {
    const longest = Math.min(this.#held.length, this.#mark.length + recordLength - 1);
    for (let length = longest; length > 0; length--) {
      const tail = this.#held.subarray(this.#held.length - length);
      const common = Math.min(length, this.#mark.length);
      if (tail.subarray(0, common).equals(this.#mark.subarray(0, common))) return length;
    }
    return 0;
  }
}
