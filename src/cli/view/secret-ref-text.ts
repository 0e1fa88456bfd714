import type { SecretRef } from '../../config/site.ts';

/** Where a secret is found, in words; never the secret. */
export function secretRefText(ref: SecretRef): string {
  switch (ref.kind) {
    case 'plain':
      return 'the site file itself';
    case 'env':
      return `the environment variable ${ref.name}`;
    case 'file':
      return `the first line of ${ref.path}`;
    case 'credential':
      return `the systemd credential ${ref.name}`;
    case 'command':
      return `the first line that this prints: ${commandText(ref.argv)}`;
  }
}

/** The command as the site file has it. */
function commandText(argv: readonly string[]): string {
  const [program, flag, script] = argv;
  return program === 'sh' && flag === '-c' && script !== undefined ? script : argv.join(' ');
}
