import { chooseKey, readKeys, removeKey } from '../../repository/key-ring.ts';
import { confirm } from '../confirm.ts';
import { EXIT_STATUS } from '../exit-status.ts';
import { type KeyRingChoice, openKeyRing } from '../open-key-ring.ts';
import type { Surroundings } from '../surroundings.ts';
import { terminalSafe } from '../view/terminal-safe.ts';

/** Removes a key; asks when it is the one that opened the repository. The last one stays. */
export async function keyRemoveCommand(
  prefix: string,
  options: KeyRingChoice & { readonly yes: boolean },
  surroundings: Surroundings,
): Promise<number> {
  const { signal, stdout } = surroundings;
  const { repository, current } = await openKeyRing(options, surroundings);
  const keys = await readKeys(repository);
  const { id } = chooseKey(keys, prefix);
  if (id === current && keys.length > 1 && !options.yes)
    await confirm(
      `${id.slice(0, 8)} is the key that has just opened ${terminalSafe(repository.where)}; its password will not open it again. Remove it? [y/N] `,
      'y',
      surroundings,
      'give --yes',
    );
  await removeKey(repository, id, { signal });
  stdout.write(`removed the key ${id.slice(0, 8)} from ${terminalSafe(repository.where)}\n`);
  return EXIT_STATUS.done;
}
