/** Debian's restic, whose word counts. */
import { execFile } from 'node:child_process';
import { hash } from 'node:crypto';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface ResticJudge {
  /** @throws when it finds more than what it calls harmless: packs that no index names, blobs that lie twice */
  check(): Promise<void>;
  dump(snapshot: string, path: string): Promise<Buffer>;
  snapshots(): Promise<string>;
}

/** None of it takes a lock: those of who was killed are for pvebak to recognise. */
export function resticOf(repository: string, password: string): ResticJudge {
  const restic = async (...args: readonly string[]) => {
    const env = { ...process.env, RESTIC_PASSWORD: password, RESTIC_REPOSITORY: repository };
    const options = { env, encoding: 'buffer', maxBuffer: 1 << 28 } as const;
    return (await run('restic', [...args, '--no-lock', '--no-cache'], options)).stdout;
  };
  return {
    async check() {
      const said = String(await restic('check', '--read-data'));
      if (!said.includes('no errors were found')) throw new Error(`restic check says:\n${said}`);
    },
    dump: (snapshot, path) => restic('dump', snapshot, path),
    snapshots: async () => String(await restic('snapshots', '--json')),
  };
}

export async function snapshotsOf(
  restic: ResticJudge,
): Promise<readonly { readonly id: string; readonly path: string }[]> {
  const listed: readonly { readonly id: string; readonly paths: readonly string[] }[] =
    JSON.parse(await restic.snapshots()) ?? [];
  return listed.map(({ id, paths }) => ({ id, path: paths[0] ?? '' }));
}

export function digestOf(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex');
}
