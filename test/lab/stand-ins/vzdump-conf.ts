/** The node's defaults for vzdump, /etc/vzdump.conf: `key: value` lines. */
import { existsSync, readFileSync } from 'node:fs';

const FILE = '/etc/vzdump.conf';

export function readVzdumpConf(): ReadonlyMap<string, string> {
  const lines = existsSync(FILE) ? readFileSync(FILE, 'utf8').split('\n') : [];
  return new Map(
    lines.flatMap((line) => {
      const [, key, value] = /^\s*([a-z-]+):\s*(.*?)\s*$/.exec(line) ?? [];
      return key === undefined || value === undefined ? [] : [[key, value] as const];
    }),
  );
}
