import { execFile } from 'node:child_process';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import type { Surroundings } from './surroundings.ts';
import { toolEnvironment } from './tool-environment.ts';

/** Where a site file stands in its history. */
export interface SiteRevision {
  /** As short as git makes it. */
  readonly commit: string;
  /** Whether the file, and all that it includes, is as it is in that commit. */
  readonly clean: boolean;
}

/** Nothing that the work tree or its configuration names is run. */
const QUIET = ['--no-optional-locks', '-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null'];
const TIMEOUT_MS = 2_000;

/** The revision of a site's files, the site file first; undefined where git is missing, knows nothing of it, or takes longer than two seconds. Never throws. */
export async function siteRevision(
  files: readonly string[],
  { env, signal }: Pick<Surroundings, 'env' | 'signal'>,
): Promise<SiteRevision | undefined> {
  const options = { cwd: dirname(files[0] ?? '.'), env: toolEnvironment(env), timeout: TIMEOUT_MS, signal };
  const git = (...args: readonly string[]) => run('git', [...QUIET, ...args], options);
  try {
    const [commit, status] = await Promise.all([
      git('rev-parse', '--short', 'HEAD'),
      git('status', '--porcelain', '--ignored', '--', ...files),
    ]);
    return { commit: commit.stdout.trim(), clean: status.stdout === '' };
  } catch {
    return undefined;
  }
}

const run = promisify(execFile);
