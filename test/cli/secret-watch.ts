/** Looks for secrets where they have no business to be: in arguments and environments of processes, and in files. */
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Watching {
  /** @returns the command lines of processes that knew a secret by their arguments or their environment */
  end(): Promise<readonly string[]>;
}

const EVERY_MS = 40;
/** A process that is older has become what it is, and is looked at only now and then. */
const YOUNG_LOOKS = 30;

/**
 * Looks through all processes of this machine, nodes of a lab included, again and again.
 * @param concerns whether it matters that a command knows them
 */
export function watchProcesses(
  secrets: readonly string[],
  concerns: (command: string) => boolean = () => true,
): Watching {
  const found = new Set<string>();
  let looks = new Map<string, number>();
  let watching = true;
  const look = () => {
    const before = looks;
    looks = new Map();
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      const times = (before.get(pid) ?? 0) + 1;
      looks.set(pid, times);
      if (times > YOUNG_LOOKS && times % YOUNG_LOOKS !== 0) continue;
      const command = textOf(`/proc/${pid}/cmdline`);
      const environment = textOf(`/proc/${pid}/environ`);
      // One that has become another program meanwhile has the arguments of one and the environment of the other.
      const isSame = command !== '' && textOf(`/proc/${pid}/cmdline`) === command;
      if (isSame && knows(command + environment, secrets)) found.add(command);
    }
  };
  const looking = (async () => {
    for (; watching; await sleep(EVERY_MS)) look();
    look();
  })();
  return {
    async end() {
      watching = false;
      await looking;
      return [...found].filter(concerns);
    },
  };
}

/** Nothing when the process is gone. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

/** The files below a folder that hold a secret, as they are or as base64 or hexadecimal digits. */
export function filesWith(secrets: readonly string[], folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => lstatSync(path, { throwIfNoEntry: false })?.isFile())
    .filter((path) => knows(readFileSync(path, 'latin1'), secrets));
}

export function knows(text: string, secrets: readonly string[]): boolean {
  return secrets.flatMap(formsOf).some((form) => text.includes(form));
}

function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  // The last character of base64 depends on what follows.
  return [
    secret,
    bytes.toString('base64url').slice(0, -1),
    bytes.toString('base64').replace(/.=*$/, ''),
    bytes.toString('hex'),
  ];
}
