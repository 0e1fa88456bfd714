import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { BackupReport } from '../../src/apply/apply-event.ts';
import { backupGuest } from '../../src/apply/backup-guest.ts';
import type { BackupAction } from '../../src/plan/plan.ts';
import { parseNodeName, parseVmid } from '../../src/pve/guest.ts';
import type { Guest } from '../../src/pve/inventory.ts';
import { lineIdentity } from '../../src/pve/line.ts';
import { folderBackend } from '../../src/repository/folder-backend.ts';
import {
  initRepository,
  openRepository,
  type Repository,
  withSession,
} from '../../src/repository/repository.ts';
import { openLocalShell } from '../../src/transport/local-shell.ts';

export const PASSWORD = 'of the test';
const CHEAP = { N: 1 << 14, r: 8, p: 1 };
const run = promisify(execFile);

/**
 * A repository in a temporary folder, and a `vzdump` that sends a file: what a real one sent once. Its log says that
 * the job finished; status and log can be others.
 */
export class DumpedFiles implements AsyncDisposable {
  readonly folder: string;
  readonly repository: Repository;

  static async start(): Promise<DumpedFiles> {
    const folder = await mkdtemp(join(tmpdir(), 'pvebak-dumped-'));
    await mkdir(join(folder, 'bin'));
    const backend = folderBackend(join(folder, 'repository'));
    await initRepository(backend, PASSWORD, { cost: CHEAP });
    return new DumpedFiles(folder, await openRepository(backend, PASSWORD));
  }

  private constructor(folder: string, repository: Repository) {
    this.folder = folder;
    this.repository = repository;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Backs a guest up whose dump is what `send` (a shell command) writes. */
  async backUp(
    guest: { readonly type: 'qemu' | 'lxc'; readonly vmid: number },
    send: string,
    options: { readonly log?: string; readonly status?: number; readonly memoryBytes?: number } = {},
  ): Promise<BackupReport> {
    const log = options.log ?? 'INFO: Backup job finished successfully';
    const script = `#!/bin/sh\n${send}\nprintf '%s\\n' '${log}' >&2\nexit ${options.status ?? 0}\n`;
    await writeFile(join(this.folder, 'bin', 'vzdump'), script);
    await chmod(join(this.folder, 'bin', 'vzdump'), 0o755);
    const action = actionFor(guest);
    await using shell = openLocalShell({
      environment: { PATH: `${join(this.folder, 'bin')}:/usr/bin:/bin` },
    });
    return await withSession(this.repository, { lock: 'shared' }, (session) =>
      backupGuest(action, {
        store: session,
        shell,
        host: { ...HOST, openNode: async () => shell },
        inventory: { version: { release: '8.4', version: '8.4.21' }, clusterFingerprint: CLUSTER },
        guest: guestOf(action),
        run: 'test-run',
        programVersion: 'pvebak test',
        temporaryFolder: this.folder,
        environment: {},
        clock: Date.now,
        offsetMinutes: 60,
        onProgress: () => undefined,
        onWaiting: () => undefined,
        signal: new AbortController().signal,
      }),
    );
  }

  /** Debian's restic on the repository. */
  async restic(...args: readonly string[]): Promise<Buffer> {
    const environment = {
      ...process.env,
      RESTIC_PASSWORD: PASSWORD,
      RESTIC_REPOSITORY: join(this.folder, 'repository'),
    };
    const { stdout } = await run('restic', [...args, '--no-cache'], {
      env: environment,
      encoding: 'buffer',
      maxBuffer: 1 << 30,
    });
    return stdout;
  }

  /** Restores a snapshot with restic; returns the folder. */
  async resticRestore(snapshot: string): Promise<string> {
    const target = join(this.folder, `restored-${snapshot.slice(0, 12)}`);
    await this.restic('restore', snapshot, '--target', target);
    return target;
  }

  async snapshotCount(): Promise<number> {
    return (await this.repository.backend.list('snapshots')).length;
  }

  /** Bytes of all files of the repository. */
  async size(): Promise<number> {
    const lists = await Promise.all(
      (['data', 'index', 'snapshots'] as const).map((type) => this.repository.backend.list(type)),
    );
    return lists.flat().reduce((sum, { size }) => sum + size, 0);
  }
}

const CLUSTER = '0'.repeat(64);
const HOST = {
  name: 'pve',
  reachesAllNodes: false,
  id: 'pve',
  dumpDir: '/nonexistent',
  compression: '0',
  cleanup: false,
  vzdump: { excludePath: [] },
} as const;

function actionFor({ type, vmid }: { readonly type: 'qemu' | 'lxc'; readonly vmid: number }): BackupAction {
  const parsed = parseVmid(vmid);
  const node = parseNodeName('pve1');
  if (parsed === undefined || node === undefined) throw new Error(`${vmid} is no vmid`);
  const ref = { type, vmid: parsed };
  return {
    kind: 'backup',
    host: 'pve',
    guest: { ref, name: 'guest', node },
    identity: lineIdentity(CLUSTER, ref, { kind: 'none' }),
    repository: 'main',
    policies: ['all'],
    mode: 'snapshot',
    reason: { kind: 'never-backed-up' },
    volumes: [],
    estimate: {},
  };
}

function guestOf({ guest, identity }: BackupAction): Guest {
  return {
    ref: guest.ref,
    node: guest.node,
    status: 'stopped',
    template: false,
    tags: [],
    identity,
    volumes: [],
  };
}
