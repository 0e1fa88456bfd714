/**
 * An archive that breaks the rules of its format. Who reads a stream decides what that means for the user.
 */

/** The message says which rule; `offset` is where, in bytes from the start of the stream. */
export class FormatError extends Error {
  override readonly name = 'FormatError';
  readonly offset: number;

  constructor(reason: string, offset: number) {
    super(reason);
    this.offset = offset;
  }
}
