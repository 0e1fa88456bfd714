import { BlobList } from './blob-list.ts';
import { isFileName } from './file-name.ts';
import { goQuote, goUnquote } from './go-quote.ts';
import { type BlobId, blobId, parseBlobId } from './object-id.ts';

/** A node as read from a repository: what restic, rustic or pvebak wrote. */
export interface StoredNode {
  /** Raw bytes. */
  readonly name: Uint8Array;
  readonly type: string;
  readonly size: number;
  readonly content: BlobList;
  readonly subtree: BlobId | undefined;
  /** All fields but `content`, as they stand in the JSON. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What is kept of a string to see whether it is the key that is looked for. */
const LONGEST_KEY = 16;

/** Everything but content lists; more than this in one tree is refused. */
const MOST_FACT_BYTES = 64 << 20;

/**
 * Parses a tree blob from pieces of any size. The lists under `content` are taken out byte by byte and kept
 * packed, 32 bytes an id, as one of them can be longer than a JavaScript string; what remains is JSON.
 * `push` every piece, then `end`.
 */
export class TreeParser {
  readonly #contents: ContentIds[] = [];
  readonly #facts: Buffer[] = [];
  #factBytes = 0;
  #state: 'facts' | 'content' = 'facts';
  /** What the last bytes were, as `"content":[` can lie over the border of two pieces. */
  #inString = false;
  #escaped = false;
  #key = '';
  #lastKey = '';
  #expectValueOf: 'content' | undefined;
  #hex = Buffer.alloc(64);
  #hexLength = 0;
  #inId = false;

  /** @throws RangeError when a content list holds anything but ids */
  push(piece: Uint8Array): void {
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    let at = 0;
    while (at < bytes.length)
      at = this.#state === 'facts' ? this.#readFacts(bytes, at) : this.#readContent(bytes, at);
  }

  /** @throws RangeError when the tree is cut off or is not a tree */
  end(): readonly StoredNode[] {
    if (this.#state !== 'facts' || this.#inString) throw new RangeError('the tree is cut off');
    let raw: { nodes?: unknown };
    try {
      raw = JSON.parse(Buffer.concat(this.#facts).toString('utf8')) ?? {};
    } catch (cause) {
      throw new RangeError('the tree is not JSON', { cause });
    }
    if (!Array.isArray(raw.nodes ?? [])) throw new RangeError('the tree has no nodes');
    const nodes: readonly unknown[] = Array.isArray(raw.nodes) ? raw.nodes : [];
    return nodes.map((node) => this.#node(node));
  }

  #node(raw: unknown): StoredNode {
    if (typeof raw !== 'object' || raw === null) throw new RangeError('a node is no object');
    const fields: Record<string, unknown> = { ...raw };
    const { name, type, size = 0, content, subtree } = fields;
    if (typeof name !== 'string' || typeof type !== 'string' || typeof size !== 'number')
      throw new RangeError('a node lacks its name, type or size');
    if (!Number.isInteger(size) || size < 0) throw new RangeError('the size of a node is no size');
    const rawName = goUnquote(name);
    // Whoever could write the repository must not lead a reader out of a folder.
    if (!isFileName(rawName)) throw new RangeError(`"${goQuote(rawName)}" is no file name`);
    const lifted =
      Array.isArray(content) && typeof content[0] === 'number' ? this.#contents[content[0]] : undefined;
    if (lifted === undefined && content !== undefined && content !== null)
      throw new RangeError('the content of a node is no list');
    return {
      name: rawName,
      type,
      size,
      get content() {
        return lifted?.list ?? NO_CONTENT;
      },
      subtree: parseBlobId(subtree),
      fields,
    };
  }

  /** Copies facts up to the bracket that opens a content list, leaving the list's number in its place. */
  #readFacts(bytes: Buffer, start: number): number {
    for (let at = start; at < bytes.length; at++) {
      if (this.#inString) {
        at = this.#endOfString(bytes, at);
        continue;
      }
      const byte = bytes[at] ?? 0;
      if (byte === 0x22) this.#openString();
      else if (byte === 0x3a) this.#expectValueOf = this.#lastKey === 'content' ? 'content' : undefined;
      else if (byte === 0x5b && this.#expectValueOf === 'content') {
        this.#keepFacts(bytes.subarray(start, at));
        this.#keepFacts(Buffer.from(`[${this.#contents.length}`));
        this.#contents.push(new ContentIds());
        this.#state = 'content';
        return at + 1;
      } else if (byte > 0x20) this.#expectValueOf = undefined;
    }
    this.#keepFacts(bytes.subarray(start));
    return bytes.length;
  }

  #openString(): void {
    this.#inString = true;
    this.#key = '';
    this.#expectValueOf = undefined;
  }

  /** Where the string ends, or the last byte when it does not end in this piece. */
  #endOfString(bytes: Buffer, start: number): number {
    let at = start;
    let escaped = this.#escaped;
    for (; at < bytes.length; at++) {
      const byte = bytes[at];
      if (escaped) escaped = false;
      else if (byte === 0x5c) escaped = true;
      else if (byte === 0x22) break;
    }
    this.#escaped = escaped;
    if (this.#key.length < LONGEST_KEY)
      this.#key += bytes.toString('latin1', start, Math.min(at, start + LONGEST_KEY - this.#key.length));
    if (at < bytes.length) {
      this.#inString = false;
      this.#lastKey = this.#key;
    }
    return at;
  }

  #readContent(bytes: Buffer, start: number): number {
    for (let at = start; at < bytes.length; at++) {
      const byte = bytes[at] ?? 0;
      if (this.#inId) this.#idByte(byte);
      else if (byte === 0x22) {
        const id = wholeId(bytes, at + 1);
        if (id !== undefined) {
          this.#contents.at(-1)?.push(id);
          at += 65;
          continue;
        }
        this.#inId = true;
        this.#hexLength = 0;
      } else if (byte === 0x5d) {
        this.#state = 'facts';
        this.#expectValueOf = undefined;
        this.#lastKey = '';
        return at;
      } else if (byte !== 0x2c && byte > 0x20)
        throw new RangeError('a content list holds something else than ids');
    }
    return bytes.length;
  }

  #idByte(byte: number): void {
    if (byte !== 0x22) {
      if (this.#hexLength === 64) throw new RangeError('an id in a content list is too long');
      this.#hex[this.#hexLength++] = byte;
      return;
    }
    this.#inId = false;
    const id = Buffer.from(this.#hex.toString('latin1', 0, this.#hexLength), 'hex');
    if (this.#hexLength !== 64 || id.length !== 32) throw new RangeError('an id in a content list is wrong');
    this.#contents.at(-1)?.push(blobId(id));
  }

  #keepFacts(bytes: Buffer): void {
    this.#factBytes += bytes.length;
    if (this.#factBytes > MOST_FACT_BYTES) throw new RangeError('the tree is larger than is accepted');
    this.#facts.push(Buffer.from(bytes));
  }
}

/** The id that begins here, when all of it is in this piece and right; else it is read byte by byte. */
function wholeId(bytes: Buffer, start: number): BlobId | undefined {
  if (bytes[start + 64] !== 0x22) return undefined;
  const id = Buffer.from(bytes.toString('latin1', start, start + 64), 'hex');
  return id.length === 32 ? blobId(id) : undefined;
}

const NO_CONTENT = new BlobList();
const FEW_IDS = 64;

/**
 * Ids of one list. A few stay apart until somebody asks for them: a `BlobList` has room for thousands from the start, and of most
 * nodes of a folder the list is never looked at.
 */
class ContentIds {
  #few: BlobId[] = [];
  #list: BlobList | undefined;

  push(id: BlobId): void {
    if (this.#list !== undefined || this.#few.length === FEW_IDS) this.list.push(id);
    else this.#few.push(id);
  }

  get list(): BlobList {
    if (this.#list === undefined) {
      this.#list = BlobList.of(...this.#few);
      this.#few = [];
    }
    return this.#list;
  }
}
