import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ENTRY = join(import.meta.dirname, '../../dist/cli/pvebak.js');

/** Runs shell commands in a folder, each printed before; `pvebak` is the one that was just built. */
export class ShownCommands {
  readonly #folder: string;
  readonly #signal: AbortSignal;

  constructor(folder: string, signal: AbortSignal) {
    this.#folder = folder;
    this.#signal = signal;
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'pvebak'), `#!/bin/sh\nexec '${process.execPath}' '${ENTRY}' "$@"\n`);
    chmodSync(join(bin, 'pvebak'), 0o755);
  }

  say(text: string): void {
    process.stdout.write(`\n# ${text}\n`);
  }

  /** @returns what the command wrote to stdout. @throws when it fails */
  async run(command: string): Promise<string> {
    process.stdout.write(`\n$ ${command}\n`);
    const environment = {
      ...process.env,
      XDG_CACHE_HOME: join(this.#folder, 'cache'),
      PATH: `${join(this.#folder, 'bin')}:${process.env['PATH']}`,
    };
    const child = spawn('bash', ['-c', command], {
      cwd: this.#folder,
      env: environment,
      stdio: ['ignore', 'pipe', 'inherit'],
      signal: this.#signal,
    });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
      process.stdout.write(piece);
    });
    const status = await new Promise<number | null>((resolve, reject) =>
      child.on('error', reject).on('close', resolve),
    );
    if (status !== 0) throw new Error(`\`${command}\` ended with status ${status}`);
    return text;
  }
}
