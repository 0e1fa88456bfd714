import { pctRestoreCommand } from '../pve/commands.ts';
import { containerRestoreOptions, type VolumeGuess } from '../pve/container-restore-options.ts';
import type { Vmid } from '../pve/guest.ts';
import type { GuestConfig } from '../pve/guest-config.ts';
import { parsePropertyString } from '../pve/property-string.ts';
import type { RecoveryRemark } from './recovery-kit.ts';

export interface ContainerRecovery {
  readonly argv: readonly string[];
  readonly remarks: readonly RecoveryRemark[];
}

/**
 * `pct restore` from a pipe, told all that it does not learn from the archive. Values come from the snapshot and are not to
 * be trusted.
 * @param archiveBytes of the tar: where a size is not known, it must hold that
 */
export function containerRecovery(vmid: Vmid, config: GuestConfig, archiveBytes: number): ContainerRecovery {
  const options = containerRestoreOptions(config, { archiveBytes });
  const { rootfs, mountPoints, unprivileged, guesses = [], empty, leftOut } = options;
  const textOf = (key: string) => config.values.get(key) ?? '';
  const pathOf = (key: string) => parsePropertyString(textOf(key)).values.get('mp') ?? '';
  return {
    argv: pctRestoreCommand({ vmid, archive: '-', rootfs, mountPoints, unprivileged }),
    remarks: [
      ...guesses.map(guessRemark),
      ...empty.map((key) => ({ kind: 'comes-back-empty' as const, key, path: pathOf(key) })),
      ...leftOut.map(({ key, reason }) => ({
        kind: 'left-out' as const,
        key,
        path: pathOf(key),
        why: reason,
        value: textOf(key),
      })),
    ],
  };
}

function guessRemark(guess: VolumeGuess): RecoveryRemark {
  switch (guess.kind) {
    case 'storage':
      return { kind: 'storage-guessed', key: guess.key, storage: guess.storage };
    case 'size':
      return { kind: 'size-guessed', key: guess.key, gib: guess.gib };
  }
}
