import type { BackupAction } from '../../plan/plan.ts';

/** The most that dumps will read, in bytes, as far as configurations state the sizes of disks. */
export function readBytes(backups: readonly BackupAction[]): number {
  return backups
    .flatMap((action) => action.volumes)
    .filter((volume) => volume.leftOut === undefined)
    .reduce((sum, volume) => sum + (volume.bytes ?? 0), 0);
}
