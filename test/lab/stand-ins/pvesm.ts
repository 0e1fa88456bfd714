/** `pvesm set` and `pvesm remove`: enough to change the storages of a lab. */
import { readFileSync, writeFileSync } from 'node:fs';
import { PVE } from './cluster.ts';
import { parseCommandLine, text } from './options.ts';
import { runTool, ToolError } from './tool-error.ts';

const FILE = `${PVE}/storage.cfg`;

await runTool(pvesm);

function pvesm(args: readonly string[]): number {
  const [command, ...rest] = args;
  const line = parseCommandLine(rest, { usage: `pvesm ${command} <storage> [OPTIONS]`, option: () => text });
  const name = line.positional[0] ?? '';
  const sections = readFileSync(FILE, 'utf8').split(/^(?=\S)/m);
  const index = sections.findIndex((section) => section.startsWith(`dir: ${name}\n`));
  const section = sections[index];
  if (section === undefined)
    throw new ToolError(`${command} storage failed: storage '${name}' does not exist`, 2);
  if (command === 'remove') sections.splice(index, 1);
  else
    sections.splice(
      index,
      1,
      [...line.values].reduce((all, [key, values]) => withProperty(all, key, values.at(-1) ?? ''), section),
    );
  writeFileSync(FILE, sections.join(''));
  return 0;
}

function withProperty(section: string, key: string, value: string): string {
  const others = section
    .trimEnd()
    .split('\n')
    .filter((line) => !line.trim().startsWith(`${key} `));
  const added = key === 'disable' && value === '0' ? [] : [`\t${key} ${value}`];
  return `${[...others, ...added].join('\n')}\n\n`;
}
