import { replaceKey } from '../../repository/key-ring.ts';
import { EXIT_STATUS } from '../exit-status.ts';
import { type KeyRingChoice, openKeyRing, readNewPassword } from '../open-key-ring.ts';
import type { Surroundings } from '../surroundings.ts';
import { secretRefText } from '../view/secret-ref-text.ts';
import { terminalSafe } from '../view/terminal-safe.ts';

/** Puts a new password in the place of the one that opened the repository. */
export async function keyPasswdCommand(
  options: KeyRingChoice & { readonly newPasswordFile: string | undefined },
  surroundings: Surroundings,
): Promise<number> {
  const { clock, signal, stdout } = surroundings;
  const ring = await openKeyRing(options, surroundings);
  const { current: old, reference, repository } = ring;
  const password = await readNewPassword(options.newPasswordFile, ring, surroundings);
  const created = new Date(clock()).toISOString();
  const id = await replaceKey(repository, { old, key: { password, created } }, { signal });
  stdout.write(
    `the key ${id.slice(0, 8)} replaces ${old.slice(0, 8)} in ${terminalSafe(repository.where)}\n`,
  );
  if (reference !== undefined)
    stdout.write(
      `Now put the new password where ${terminalSafe(`${reference.key} finds it: ${secretRefText(reference.secret)}`)}\n`,
    );
  return EXIT_STATUS.done;
}
