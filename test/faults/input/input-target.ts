import { terminalSafe } from '../../../src/cli/view/terminal-safe.ts';

/** Something that reads what comes from elsewhere. */
export interface InputTarget {
  readonly name: string;
  readonly form: 'bytes' | 'json';
  /** Good ones, to be mutated. */
  readonly seeds: readonly Uint8Array[];
  /**
   * Reads one, and looks at what came out of it where it is accepted.
   * @throws errors of ours; any other one is a fault
   */
  readonly read: (bytes: Buffer) => unknown;
}

/** A name that lies in its folder. */
export function expectInside(name: Uint8Array): void {
  const text = Buffer.from(name).toString('latin1');
  if (text === '' || text === '.' || text === '..' || text.includes('/') || text.includes('\0'))
    throw new Error(`a name leads out of its folder: ${JSON.stringify(text)}`);
}

/** Text of several lines that a terminal may be given. */
export function expectSafe(text: string): void {
  for (const line of text.split('\n'))
    if (terminalSafe(line) !== line)
      throw new Error(
        `what somebody else has written reaches the terminal as it is: ${JSON.stringify(line)}`,
      );
}
