const NEWLINE = 0x0a;

/** The first and the last of a text that may have no end. Holds twice `half` bytes, however long the text is. */
export class HeadAndTail {
  readonly #half: number;
  readonly #head: Uint8Array;
  /** A ring: the byte at offset n beyond the head lies at n modulo `half`. */
  readonly #tail: Uint8Array;
  #headBytes = 0;
  #beyondHead = 0;

  constructor(half: number) {
    this.#half = half;
    this.#head = new Uint8Array(half);
    this.#tail = new Uint8Array(half);
  }

  push(bytes: Uint8Array): void {
    const first = bytes.subarray(0, this.#half - this.#headBytes);
    this.#head.set(first, this.#headBytes);
    this.#headBytes += first.length;
    this.#pushBeyond(bytes.subarray(first.length));
  }

  /** The text; of one that is too long whole lines of its ends, and between them a line that says how much is missing. */
  get bytes(): Uint8Array {
    const head = this.#head.subarray(0, this.#headBytes);
    const tail = this.#tailInOrder();
    if (this.#beyondHead <= this.#half) return Buffer.concat([head, tail]);
    const begins = head.subarray(0, head.lastIndexOf(NEWLINE) + 1);
    const ends = tail.subarray(tail.indexOf(NEWLINE) + 1);
    const missing = head.length + this.#beyondHead - begins.length - ends.length;
    return Buffer.concat([begins, Buffer.from(`[${missing} bytes are left out here]\n`), ends]);
  }

  #pushBeyond(bytes: Uint8Array): void {
    const kept = bytes.subarray(Math.max(0, bytes.length - this.#half));
    const at = (this.#beyondHead + bytes.length - kept.length) % this.#half;
    const untilWrap = kept.subarray(0, this.#half - at);
    this.#tail.set(untilWrap, at);
    this.#tail.set(kept.subarray(untilWrap.length), 0);
    this.#beyondHead += bytes.length;
  }

  #tailInOrder(): Uint8Array {
    if (this.#beyondHead <= this.#half) return this.#tail.subarray(0, this.#beyondHead);
    const oldest = this.#beyondHead % this.#half;
    return Buffer.concat([this.#tail.subarray(oldest), this.#tail.subarray(0, oldest)]);
  }
}
