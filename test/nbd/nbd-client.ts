/** A client that says what a test wants, byte by byte (NetworkBlockDevice/nbd, `doc/proto.md`). */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

export const OPTION_MAGIC = 0x49484156454f5054n;

export interface OptionReply {
  readonly option: number;
  readonly type: number;
  readonly data: Buffer;
}

export interface Chunk {
  readonly last: boolean;
  readonly type: number;
  readonly cookie: bigint;
  readonly payload: Buffer;
}

export class NbdClient implements AsyncDisposable {
  readonly socket: Socket;
  #received = Buffer.alloc(0);
  #ended = false;
  #news = Promise.withResolvers<void>();

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (bytes) => {
      this.#received = Buffer.concat([this.#received, bytes]);
      this.#tell();
    });
    for (const name of ['end', 'close', 'error'])
      socket.on(name, () => {
        this.#ended = true;
        this.#tell();
      });
  }

  static async connect(path: string): Promise<NbdClient> {
    const socket = connect(path);
    await once(socket, 'connect');
    return new NbdClient(socket);
  }

  /** Connected, greeted, and `flags` said. */
  static async greeted(path: string, flags = 3): Promise<NbdClient> {
    const client = await NbdClient.connect(path);
    await client.read(18);
    client.write(u32(flags));
    return client;
  }

  /** Ready for requests. */
  static async reading(path: string, replies: 'simple' | 'structured' = 'simple'): Promise<NbdClient> {
    const client = await NbdClient.greeted(path);
    if (replies === 'structured') await client.ask(8);
    await client.ask(7, goFor(''));
    return client;
  }

  write(...parts: readonly Uint8Array[]): void {
    this.socket.write(Buffer.concat(parts));
  }

  /** One byte at a time, each sent by itself. */
  async dribble(...parts: readonly Uint8Array[]): Promise<void> {
    this.socket.setNoDelay(true);
    for (const byte of Buffer.concat(parts)) {
      this.socket.write(Buffer.of(byte));
      await wait(0);
    }
  }

  /** @throws when the server closes before */
  async read(length: number): Promise<Buffer> {
    await this.#until(() => this.#received.length >= length);
    if (this.#received.length < length)
      throw new Error(`the server closed after ${this.#received.length} of ${length} bytes`);
    const bytes = this.#received.subarray(0, length);
    this.#received = this.#received.subarray(length);
    return bytes;
  }

  /** All that comes until the server closes. */
  async rest(): Promise<Buffer> {
    await this.#until(() => this.#ended);
    return this.#received;
  }

  /** All replies to one option. */
  async ask(option: number, data: Uint8Array = Buffer.alloc(0)): Promise<readonly OptionReply[]> {
    this.write(optionOf(option, data));
    return this.replies();
  }

  async replies(): Promise<readonly OptionReply[]> {
    const replies: OptionReply[] = [];
    for (;;) {
      const head = await this.read(20);
      const reply = {
        option: head.readUInt32BE(8),
        type: head.readUInt32BE(12),
        data: await this.read(head.readUInt32BE(16)),
      };
      replies.push(reply);
      if (reply.type === 1 || reply.type >= 0x80000000) return replies;
    }
  }

  async simpleReply(length = 0): Promise<{ readonly error: number; readonly cookie: bigint; data: Buffer }> {
    const head = await this.read(16);
    if (head.readUInt32BE() !== 0x67446698) throw new Error(`no simple reply: ${head.toString('hex')}`);
    const error = head.readUInt32BE(4);
    const data = await this.read(error === 0 ? length : 0);
    return { error, cookie: head.readBigUInt64BE(8), data };
  }

  async chunks(): Promise<readonly Chunk[]> {
    const chunks: Chunk[] = [];
    for (;;) {
      const head = await this.read(20);
      if (head.readUInt32BE() !== 0x668e33ef) throw new Error(`no chunk: ${head.toString('hex')}`);
      const chunk = {
        last: head.readUInt16BE(4) === 1,
        type: head.readUInt16BE(6),
        cookie: head.readBigUInt64BE(8),
        payload: await this.read(head.readUInt32BE(16)),
      };
      chunks.push(chunk);
      if (chunk.last) return chunks;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.socket.closed) return;
    this.socket.destroy();
    await once(this.socket, 'close');
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition() && !this.#ended) {
      this.#news = Promise.withResolvers();
      await this.#news.promise;
    }
  }

  #tell(): void {
    this.#news.resolve();
  }
}

export interface Request {
  readonly type: number;
  readonly offset?: bigint | number;
  readonly length?: number;
  readonly flags?: number;
  readonly cookie?: bigint;
  readonly magic?: number;
}

export const READ = 0;
export const WRITE = 1;
export const DISCONNECT = 2;
export const FLUSH = 3;
export const TRIM = 4;
export const CACHE = 5;
export const WRITE_ZEROES = 6;
export const BLOCK_STATUS = 7;

export function requestOf({
  type,
  offset = 0,
  length = 0,
  flags = 0,
  cookie = 1n,
  magic = 0x25609513,
}: Request): Buffer {
  const bytes = Buffer.alloc(28);
  bytes.writeUInt32BE(magic, 0);
  bytes.writeUInt16BE(flags, 4);
  bytes.writeUInt16BE(type, 6);
  bytes.writeBigUInt64BE(cookie, 8);
  bytes.writeBigUInt64BE(BigInt(offset), 16);
  bytes.writeUInt32BE(length, 24);
  return bytes;
}

export function optionOf(option: number, data: Uint8Array = Buffer.alloc(0), length = data.length): Buffer {
  const head = Buffer.alloc(16);
  head.writeBigUInt64BE(OPTION_MAGIC, 0);
  head.writeUInt32BE(option, 8);
  head.writeUInt32BE(length, 12);
  return Buffer.concat([head, data]);
}

/** The data of INFO and GO. */
export function goFor(name: string, ...wanted: readonly number[]): Buffer {
  return Buffer.concat([textOf(name), u16(wanted.length), ...wanted.map(u16)]);
}

/** The data of LIST_META_CONTEXT and SET_META_CONTEXT. */
export function contextsOf(name: string, ...queries: readonly string[]): Buffer {
  return Buffer.concat([textOf(name), u32(queries.length), ...queries.map(textOf)]);
}

function textOf(text: string): Buffer {
  return Buffer.concat([u32(Buffer.byteLength(text)), Buffer.from(text)]);
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}
