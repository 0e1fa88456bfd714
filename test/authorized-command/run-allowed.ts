/** Runs pvebak-allowed as sshd would, among programs that do nothing but say what they were called with. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const PROGRAM = join(import.meta.dirname, '../../examples/authorized-command/pvebak-allowed');
const PROGRAMS = [
  'sh',
  'setsid',
  'pvesh',
  'hostname',
  'tar',
  'stat',
  'qm',
  'pct',
  'sudo',
  'rm',
  'bash',
  'vzdump',
];

export interface Judged {
  readonly status: number | null;
  /** What was run, as it saw it; empty when nothing was. */
  readonly ran: readonly string[];
  readonly stderr: string;
  /** Of what was run. */
  readonly environment: Readonly<Record<string, string>>;
  /** What syslog was told. */
  readonly logged: string;
}

/** A folder of programs that are not those that they are named after. */
export class HarmlessPrograms implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'pvebak-allowed-'));

  constructor() {
    for (const name of PROGRAMS)
      this.#write(name, `export -p >'${this.#folder}/environment'; printf '%s\\0' ${name} "$@"`);
    this.#write('logger', `printf '%s\\n' "$*" >>'${this.#folder}/log'`);
  }

  /** @param args of the program, as authorized_keys has them */
  judge(line: string | undefined, args: readonly string[], more: NodeJS.ProcessEnv = {}): Judged {
    for (const file of ['log', 'environment']) writeFileSync(`${this.#folder}/${file}`, '');
    const { status, stdout, stderr } = spawnSync(PROGRAM, args, {
      encoding: 'utf8',
      env: {
        PATH: this.#folder,
        SSH_CLIENT: '192.0.2.7 50000 22',
        ...(line !== undefined && { SSH_ORIGINAL_COMMAND: line }),
        ...more,
      },
    });
    const logged = readFileSync(`${this.#folder}/log`, 'utf8');
    const exported = readFileSync(`${this.#folder}/environment`, 'utf8').matchAll(/^export (\w+)='(.*)'$/gm);
    const environment = Object.fromEntries([...exported].map(([, name = '', value = '']) => [name, value]));
    return { status, ran: stdout.split('\0').slice(0, -1), stderr, environment, logged };
  }

  #write(name: string, script: string): void {
    writeFileSync(`${this.#folder}/${name}`, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
