/** The program as users run it: a process of its own, in a folder of its own, with nothing of this process's environment. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { folderBackend } from '../../src/repository/folder-backend.ts';
import { initRepository } from '../../src/repository/repository.ts';
import { runProgram } from '../lab/run-program.ts';
import { QUICK_COST } from '../repository/sample-repository.ts';

/** As it is built: with types to be stripped, each of its threads would take half a second more to begin. */
export const ENTRY = join(import.meta.dirname, '../../dist/cli/pvebak.js');
/** Each run is a third faster when it does not compile everything again. */
const COMPILED = join(import.meta.dirname, '../../node_modules/.cache/compiled');
export const PASSWORD = 'a long sentence that nobody guesses';

export interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  /** Of one that a signal ended 128 and the signal's number, as shells have it. */
  readonly status: number;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Arguments of Node, before the program. */
  readonly node?: readonly string[];
}

/** A user's folder: site file, password file, repository. Is gone afterwards. */
export class Workplace implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'pvebak-cli-'));

  constructor() {
    mkdirSync(join(this.folder, 'tmp'));
    this.write('password', `${PASSWORD}\n`);
  }

  /** Readable by its owner only. */
  write(name: string, text: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  }

  /** An empty repository as `init` makes it, but for its key: each run would compute for a second to open that one. */
  async makeRepository(name = 'repository', password = PASSWORD): Promise<void> {
    await initRepository(folderBackend(join(this.folder, name)), password, { cost: QUICK_COST });
  }

  async pvebak(...args: readonly string[]): Promise<Ended> {
    return this.start(args).ended;
  }

  /** @throws with all that it said when it ends with anything but 0 */
  async succeed(...args: readonly string[]): Promise<Ended> {
    const ended = await this.pvebak(...args);
    if (ended.status === 0) return ended;
    throw new Error(`pvebak ${args.join(' ')} ended with ${ended.status}:\n${ended.stdout}${ended.stderr}`);
  }

  start(args: readonly string[], { env = {}, node = [] }: RunOptions = {}): RunningProgram {
    return new RunningProgram([process.execPath, ...node, ENTRY, ...args], {
      cwd: this.folder,
      env: { ...this.environment, ...env },
    });
  }

  /** Any other command, run in the folder. */
  async command(...argv: readonly string[]): Promise<Ended> {
    return new RunningProgram(argv, { cwd: this.folder, env: this.environment }).ended;
  }

  /** The same as one line for a shell, which may be in another namespace or behind a pseudo terminal. */
  line(...args: readonly string[]): string {
    const settings = Object.entries(this.environment).filter(([key]) => key !== 'PATH');
    const words = [...settings.map(([key, value]) => `${key}=${value}`), process.execPath, ENTRY, ...args];
    return `cd ${this.folder} && env ${words.join(' ')}`;
  }

  get environment(): Readonly<Record<string, string>> {
    return {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: this.folder,
      TMPDIR: join(this.folder, 'tmp'),
      LANG: 'C.UTF-8',
      TZ: 'UTC',
      NODE_COMPILE_CACHE: COMPILED,
    };
  }

  /** Files of one kind in the repository: `snapshots`, `locks`. */
  stored(kind: 'snapshots' | 'locks' | 'index'): readonly string[] {
    return readdirSync(join(this.folder, 'repository', kind));
  }

  /** Bytes of all files of the repository. */
  repositorySize(): number {
    const listed = runProgram('du', ['--bytes', '--summarize', join(this.folder, 'repository')]);
    return Number(listed.split('\t')[0]);
  }

  /** @throws when restic finds fault. @returns its output */
  restic(...args: readonly string[]): string {
    const place = ['-r', join(this.folder, 'repository'), '-p', join(this.folder, 'password'), '--no-cache'];
    return runProgram('restic', [...place, ...args]);
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A command that runs, with all that it has said so far. */
export class RunningProgram {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  #stdout = '';
  #stderr = '';

  constructor(
    [file = '', ...args]: readonly string[],
    options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
  ) {
    const child = spawn(file, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    const { promise, resolve, reject } = Promise.withResolvers<Ended>();
    child.once('error', reject);
    child.once('close', (code, signal) => {
      resolve({ stdout: this.#stdout, stderr: this.#stderr, status: shellStatus(code, signal) });
    });
    this.child = child;
    this.ended = promise;
  }

  get stdout(): string {
    return this.#stdout;
  }

  /** Waits until stdout holds the text. @throws when the program ends before */
  async says(text: string | RegExp): Promise<void> {
    await until(() => {
      if (this.child.exitCode !== null && !holds(this.#stdout, text))
        throw new Error(`it ended without saying ${text}:\n${this.#stdout}${this.#stderr}`);
      return holds(this.#stdout, text);
    });
  }
}

/** How a process ended, as a shell has it. */
export function shellStatus(code: number | null, signal: NodeJS.Signals | null): number {
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
}

/** Text without its line breaks and indents, which depend on how long names are. */
export function flat(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

/** Looks every 20 ms, for at most three minutes: a machine may be busy. */
export async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 9000; tries++) {
    if (condition()) return;
    await sleep(20);
  }
  throw new Error(`not so within three minutes: ${condition}`);
}

function holds(text: string, wanted: string | RegExp): boolean {
  return typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text);
}
