import type { Command } from 'commander';

/** Adds the options that choose a part of a plan. */
export function withPartOptions(command: Command): Command {
  return command
    .option('--limit <host>', 'only what is done through a host entry (repeatable)', collect, [])
    .option('--policy <name>', 'only guests that a policy selects (repeatable)', collect, [])
    .option('--guest <guest>', 'only a guest, such as qemu/101 or HOST/qemu/101 (repeatable)', collect, [])
    .option('--exclude <name>', 'without a host, a policy or a guest (repeatable)', collect, []);
}

/** For options that may be given several times. */
export function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}
