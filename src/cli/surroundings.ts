import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Chalk, type ChalkInstance } from 'chalk';

/** What a command is given of the process that it runs in; the only place where the process is looked at. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly clock: () => number;
  readonly timeZone: string;
  /** Minutes east of UTC, now. */
  readonly offsetMinutes: number;
  readonly temporaryFolder: string;
  /** For what may be deleted at any time. */
  readonly cacheFolder: string;
  readonly programVersion: string;
  readonly colour: ChalkInstance;
  /** Aborted at the first interrupt. */
  readonly signal: AbortSignal;
}

export function processSurroundings(signal: AbortSignal): Surroundings {
  const { env, stdout, stderr } = process;
  const colourless = env['NO_COLOR'] !== undefined || !stdout.isTTY;
  return {
    env,
    home: homedir(),
    stdout,
    stderr,
    clock: Date.now,
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    offsetMinutes: -new Date().getTimezoneOffset(),
    temporaryFolder: env['TMPDIR'] ?? '/var/tmp',
    cacheFolder: join(env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'pvebak'),
    programVersion: `pvebak ${packageVersion()}`,
    colour: colourless ? new Chalk({ level: 0 }) : new Chalk(),
    signal,
  };
}

export function packageVersion(): string {
  const { version }: { version?: unknown } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  );
  return String(version);
}
