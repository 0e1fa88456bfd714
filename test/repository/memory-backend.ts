import { setTimeout as wait } from 'node:timers/promises';
import type { Backend, FileName } from '../../src/repository/backend.ts';
import { damaged } from '../../src/repository/damaged-error.ts';
import { UserError } from '../../src/user-error.ts';

export interface MemoryOptions {
  /** How long each save takes. */
  readonly saveMs?: number;
  /** The save that fails, counted from 1. */
  readonly failAtSave?: number;
  /** The save from which on all fail. */
  readonly failFromSave?: number;
  /** False forgets what is saved. */
  readonly keep?: boolean;
}

/** A backend that keeps its files in memory: slow, failing and watched as a test needs it. */
export class MemoryBackend implements Backend {
  readonly where = 'memory';
  readonly files = new Map<string, Uint8Array<ArrayBuffer>>();
  /** In the order in which saving ended, `data/` and so on with the name. */
  readonly saved: string[] = [];
  readonly #options: MemoryOptions;
  #saves = 0;
  #saving = 0;

  constructor(options: MemoryOptions = {}) {
    this.#options = options;
  }

  get saving(): number {
    return this.#saving;
  }

  async create(): Promise<void> {}

  async names(type: string) {
    return (await this.list(type)).map(({ name }) => name);
  }

  async list(type: string) {
    return [...this.files]
      .filter(([name]) => name.startsWith(`${type}/`))
      .map(([name, { length }]) => ({ name: name.slice(type.length + 1), size: length }));
  }

  async save(file: FileName, bytes: Uint8Array): Promise<void> {
    const number = ++this.#saves;
    this.#saving += 1;
    await wait(this.#options.saveMs ?? 0);
    this.#saving -= 1;
    const { failAtSave, failFromSave = Number.POSITIVE_INFINITY } = this.#options;
    if (number === failAtSave || number >= failFromSave)
      throw new UserError('repository-write', `cannot write ${nameOf(file)}: the test says so`);
    if (this.#options.keep !== false) this.files.set(nameOf(file), Uint8Array.from(bytes));
    this.saved.push(nameOf(file));
  }

  async load(file: FileName, range?: { readonly offset: number; readonly length: number }) {
    const bytes = this.files.get(nameOf(file));
    if (bytes === undefined) throw damaged(nameOf(file), 'the file is missing');
    return range === undefined ? bytes.slice() : bytes.slice(range.offset, range.offset + range.length);
  }

  async loadIfPresent(file: FileName): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.files.get(nameOf(file))?.slice();
  }

  async remove(file: FileName): Promise<void> {
    this.files.delete(nameOf(file));
  }

  /** A save is whole at once. */
  async sweep(): Promise<number> {
    return 0;
  }
}

function nameOf(file: FileName): string {
  return file.type === 'config' ? 'config' : `${file.type}/${file.name}`;
}
