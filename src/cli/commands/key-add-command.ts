import { addKey } from '../../repository/key-ring.ts';
import { EXIT_STATUS } from '../exit-status.ts';
import { type KeyRingChoice, openKeyRing, readNewPassword } from '../open-key-ring.ts';
import type { Surroundings } from '../surroundings.ts';
import { terminalSafe } from '../view/terminal-safe.ts';

/** Adds a password that opens the repository as well. */
export async function keyAddCommand(
  options: KeyRingChoice & { readonly newPasswordFile: string | undefined },
  surroundings: Surroundings,
): Promise<number> {
  const { clock, signal, stdout } = surroundings;
  const ring = await openKeyRing(options, surroundings);
  const password = await readNewPassword(options.newPasswordFile, ring, surroundings);
  const created = new Date(clock()).toISOString();
  const id = await addKey(ring.repository, { password, created }, { signal });
  stdout.write(`added the key ${id.slice(0, 8)} to ${terminalSafe(ring.repository.where)}\n`);
  stdout.write('Keep its password elsewhere than the other one: each of them opens everything.\n');
  return EXIT_STATUS.done;
}
