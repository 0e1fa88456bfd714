const maxLineBytes = 64 * 1024;
const newline = 0x0a;
const carriageReturn = 0x0d;

/**
 * Cuts a tool's output into lines, fed in pieces of any size. A line ends with LF, CR or both; empty ones are left
 * out. Of a line beyond 64 KiB the rest is dropped. Control characters become spaces, so that a line can be shown on
 * a terminal; bytes that are no UTF-8 are replaced.
 */
export class LogLines {
  #pending: Uint8Array[] = [];
  #length = 0;

  push(bytes: Uint8Array): string[] {
    const lines: string[] = [];
    let start = 0;
    for (let index = 0; index < bytes.length; index++) {
      if (bytes[index] !== newline && bytes[index] !== carriageReturn) continue;
      this.#keep(bytes.subarray(start, index));
      lines.push(...this.end());
      start = index + 1;
    }
    this.#keep(bytes.slice(start));
    return lines;
  }

  /** The line that no line end followed, if there is one. */
  end(): string[] {
    const line = shown(Buffer.concat(this.#pending));
    this.#pending = [];
    this.#length = 0;
    return line === '' ? [] : [line];
  }

  #keep(piece: Uint8Array): void {
    const room = maxLineBytes - this.#length;
    if (piece.length === 0 || room <= 0) return;
    this.#pending.push(piece.subarray(0, room));
    this.#length += Math.min(piece.length, room);
  }
}

function shown(line: Buffer): string {
  return line
    .toString('utf8')
    .replace(/[\p{Cc}\p{Bidi_C}\u2028\u2029]/gu, ' ')
    .trimEnd();
}
