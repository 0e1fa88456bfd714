import { type KeyEntry, readKeys } from '../../repository/key-ring.ts';
import { EXIT_STATUS } from '../exit-status.ts';
import { type KeyRingChoice, openKeyRing } from '../open-key-ring.ts';
import type { Surroundings } from '../surroundings.ts';
import { keysTable } from '../view/keys-table.ts';

/** Lists the keys of a repository, and which one opened it. */
export async function keyListCommand(
  options: KeyRingChoice & { readonly json: boolean },
  surroundings: Surroundings,
): Promise<number> {
  const { stdout, timeZone } = surroundings;
  const { repository, current } = await openKeyRing(options, surroundings);
  const keys = await readKeys(repository);
  if (options.json) stdout.write(keys.map((key) => `${JSON.stringify(asJson(key, current))}\n`).join(''));
  else stdout.write(keysTable(keys, { current, timeZone }));
  return EXIT_STATUS.done;
}

function asJson({ kind, ...key }: KeyEntry, current: string): object {
  return { ...key, damaged: kind === 'damaged', current: key.id === current };
}
