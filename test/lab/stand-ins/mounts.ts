/** Mounts inside a node's mount namespace. */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';

/** A folder by a bind mount, a raw file as the file system in it. @returns the target */
export function mountVolume(source: string, target: string): string {
  mkdirSync(target, { recursive: true });
  run('mount', [source.endsWith('.raw') ? '--options=loop' : '--bind', source, target]);
  return target;
}

export function unmount(target: string): void {
  spawnSync('umount', ['--lazy', target], { stdio: 'ignore' });
}

function run(program: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
}
