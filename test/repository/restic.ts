import { execFile } from 'node:child_process';

export interface ResticResult {
  readonly status: number;
  readonly stdout: Buffer;
  /** Standard output and error as text, for messages. */
  readonly text: string;
}

/** Runs the restic of this machine, which judges what is written here and writes what is read here. */
export function restic(
  repository: { readonly folder: string; readonly password: string },
  ...args: readonly string[]
): Promise<ResticResult> {
  const env = {
    PATH: process.env['PATH'],
    HOME: '/nonexistent',
    RESTIC_REPOSITORY: repository.folder,
    RESTIC_PASSWORD: repository.password,
  };
  return new Promise((resolve) => {
    execFile(
      'restic',
      ['--no-cache', ...args],
      { env, encoding: 'buffer', maxBuffer: 1 << 30 },
      (error, stdout, stderr) => {
        const status = error === null ? 0 : typeof error.code === 'number' ? error.code : 255;
        resolve({ status, stdout, text: `${stdout.subarray(0, 100_000)}${stderr}` });
      },
    );
  });
}

/** Runs restic and fails with what it says unless it ends well. */
export async function resticOk(
  repository: { readonly folder: string; readonly password: string },
  ...args: readonly string[]
): Promise<string> {
  const { status, stdout, text } = await restic(repository, ...args);
  if (status !== 0) throw new Error(`restic ${args.join(' ')} ended with ${status}:\n${text}`);
  return stdout.toString('utf8');
}
