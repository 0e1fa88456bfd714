import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { folderBackend } from '../../src/repository/folder-backend.ts';
import { readSnapshots } from '../../src/repository/read-snapshots.ts';
import {
  openRepository,
  type Repository,
  type RepositorySession,
  withSession,
} from '../../src/repository/repository.ts';
import type { Snapshot } from '../../src/repository/snapshot-file.ts';
import { quickenKey } from '../repository/sample-repository.ts';

const PASSWORD = 'correct horse';

/** A folder, and a repository that the machine's restic makes backups of it into. Is gone afterwards. */
export class ResticBackups implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'pvebak-browse-'));
  /** What is backed up, as `/files`. */
  readonly files = join(this.folder, 'files');
  readonly repositoryFolder = join(this.folder, 'repository');

  constructor() {
    mkdirSync(this.files);
    this.restic('init');
  }

  restic(...args: readonly string[]): string {
    return execFileSync('restic', ['--no-cache', '-r', this.repositoryFolder, ...args], {
      cwd: this.folder,
      env: { ...process.env, RESTIC_PASSWORD: PASSWORD },
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
  }

  /** A line for a shell, run among the files. */
  change(line: string): void {
    execFileSync('bash', ['-ec', line], { cwd: this.files });
  }

  /** Backs the files up and returns the snapshot. */
  async backUp(): Promise<Snapshot> {
    this.restic('backup', '--quiet', 'files');
    const snapshot = (await readSnapshots(await this.open())).at(-1);
    if (snapshot === undefined) throw new Error('restic made no snapshot');
    return snapshot;
  }

  async open(): Promise<Repository> {
    return openRepository(folderBackend(this.repositoryFolder), PASSWORD);
  }

  /** Makes opening quick; restic itself opens it as before. */
  async quicken(): Promise<void> {
    await quickenKey(await this.open());
  }

  async read<T>(work: (session: RepositorySession) => Promise<T>): Promise<T> {
    return withSession(await this.open(), { lock: 'shared', threads: 2 }, work);
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
