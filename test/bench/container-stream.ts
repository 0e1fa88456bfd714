/**
 * Backups of a container as files: the tar that vzdump would send, in GNU tar's posix format with the times of each member in a
 * pax header before it (as in the fixtures of test/fixtures/tar), and the container's configuration first.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import type { ContentPool } from './content-pool.ts';
import { seededBytes, seededNumbers } from './seeded.ts';

export interface ContainerPlan {
  readonly files: number;
  /** Bytes of each file: between these two, small ones more often. */
  readonly least: number;
  readonly most: number;
  readonly seed: string;
}

export interface TarOptions {
  readonly pool: ContentPool;
  /** Seconds that every file was read after it was made: all that differs in a backup after nothing but reading. */
  readonly readAfter: number;
}

/** 500 a folder. */
export function pathOf(file: number): string {
  const folder = Math.floor(file / FILES_A_FOLDER);
  return `srv/data/${String(folder).padStart(5, '0')}/${String(file).padStart(7, '0')}.dat`;
}

/** @returns the length of the tar in bytes */
export function writeContainerStream(file: string, plan: ContainerPlan, options: TarOptions): number {
  const out = new Output(file);
  addMember(out, { path: 'etc/vzdump/pct.conf', content: CONFIG, readAfter: 0 });
  addMember(out, { path: 'etc/vzdump/pct.fw', content: new Uint8Array(), readAfter: 0 });
  for (const folder of ['', 'srv/', 'srv/data/'])
    addMember(out, { path: folder, readAfter: options.readAfter });
  const random = seededNumbers(`${plan.seed} sizes`);
  let from = 0;
  for (let index = 0; index < plan.files; index++) {
    if (index % FILES_A_FOLDER === 0)
      addMember(out, { path: pathOf(index).replace(/[^/]*$/, ''), readAfter: options.readAfter });
    const size = Math.floor(plan.least + (plan.most - plan.least) * random() ** 3);
    addFile(out, {
      ...options,
      path: pathOf(index),
      size,
      from,
      noise: index % 3 === 0 ? plan.seed : undefined,
    });
    from += Math.ceil(size / 16) * 16;
  }
  return out.end();
}

/** The content of a file of the plan. */
export function contentOf(plan: ContainerPlan, file: number, pool: ContentPool): Uint8Array {
  const random = seededNumbers(`${plan.seed} sizes`);
  let from = 0;
  for (let index = 0; ; index++) {
    const size = Math.floor(plan.least + (plan.most - plan.least) * random() ** 3);
    if (index < file) from += Math.ceil(size / 16) * 16;
    else return piece({ pool, from, noise: index % 3 === 0 ? plan.seed : undefined }, 0, size);
  }
}

const FILES_A_FOLDER = 500;
const RECORD = 512;
const PIECE = 4 << 20;
const MADE = 1_767_225_600;
const CONFIG = Buffer.from(
  'arch: amd64\nhostname: bench\nmemory: 512\nostype: debian\nrootfs: local:105/subvol-105-disk-0.subvol,size=0T\nswap: 512\n',
);

interface Member {
  /** A folder's ends with a slash. */
  readonly path: string;
  readonly content?: Uint8Array;
  readonly readAfter: number;
}

interface Source {
  readonly pool: ContentPool;
  readonly from: number;
  /** The seed of what does not compress; undefined for content of the pool. */
  readonly noise: string | undefined;
}

interface FileMember extends Source {
  readonly path: string;
  readonly size: number;
  readonly readAfter: number;
}

/** Collects, and writes in large pieces. */
class Output {
  readonly #fd: number;
  readonly #buffer = Buffer.alloc(PIECE);
  #filled = 0;
  #written = 0;

  constructor(file: string) {
    this.#fd = openSync(file, 'w');
  }

  add(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, at + PIECE - this.#filled);
      this.#buffer.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === PIECE) this.#flush();
    }
  }

  pad(unit: number): void {
    this.add(new Uint8Array((unit - ((this.#written + this.#filled) % unit)) % unit));
  }

  /** The end of a tar: two records of zeros, and what fills its last block of 10 KiB. */
  end(): number {
    this.add(new Uint8Array(2 * RECORD));
    this.pad(20 * RECORD);
    this.#flush();
    closeSync(this.#fd);
    return this.#written;
  }

  #flush(): void {
    writeSync(this.#fd, this.#buffer, 0, this.#filled);
    this.#written += this.#filled;
    this.#filled = 0;
  }
}

function addMember(out: Output, { path, content = new Uint8Array(), readAfter }: Member): void {
  addHeaders(out, path, { size: content.length, readAfter });
  out.add(content);
  out.pad(RECORD);
}

function addFile(out: Output, file: FileMember): void {
  addHeaders(out, file.path, file);
  for (let at = 0; at < file.size; at += PIECE) out.add(piece(file, at, Math.min(PIECE, file.size - at)));
  out.pad(RECORD);
}

function piece({ pool, from, noise }: Source, at: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  if (noise === undefined) pool.read(from + at, bytes);
  else seededBytes(noise, from + at, bytes);
  return bytes;
}

function addHeaders(
  out: Output,
  path: string,
  facts: { readonly size: number; readonly readAfter: number },
): void {
  const times = Buffer.from(
    [
      paxLine('mtime', `${MADE}.123456789`),
      paxLine('atime', `${MADE + facts.readAfter}.123456789`),
      paxLine('ctime', `${MADE}.123456789`),
    ].join(''),
  );
  const folder = path.endsWith('/');
  const extended = `./${path.replace(/\/$/, '')}`.replace(/[^/]*$/, 'PaxHeaders/$&');
  out.add(header(extended, { type: 'x', size: times.length }));
  out.add(times);
  out.pad(RECORD);
  out.add(header(`./${path}`, { type: folder ? '5' : '0', size: facts.size }));
}

/** Its length counts itself; three digits are never needed here. */
function paxLine(key: string, value: string): string {
  return `${key.length + value.length + 5} ${key}=${value}\n`;
}

/** POSIX.1-1988 with the magic of POSIX (pax(1), "ustar Interchange Format"). */
function header(
  name: string,
  { type, size }: { readonly type: 'x' | '0' | '5'; readonly size: number },
): Buffer {
  const bytes = Buffer.alloc(RECORD);
  bytes.write(name, 0, 100);
  bytes.write(type === '5' ? '0000755' : '0000644', 100);
  bytes.write('0000000', 108);
  bytes.write('0000000', 116);
  bytes.write(size.toString(8).padStart(11, '0'), 124);
  bytes.write(MADE.toString(8).padStart(11, '0'), 136);
  bytes.write(`        ${type}`, 148);
  bytes.write('ustar\0' + '00', 257);
  bytes.write('0000000', 329);
  bytes.write('0000000', 337);
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return bytes;
}
