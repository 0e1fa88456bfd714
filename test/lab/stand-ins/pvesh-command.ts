/**
 * `pvesh get` for what the program asks, as a table from paths to answers, and the `pvesh create` calls that start a task.
 */

import { listNodes } from './cluster.ts';
import { isOnline, nodeName } from './lab-state.ts';
import { type CommandLine, optionValue, parameterError, parseCommandLine, text } from './options.ts';
import { print } from './print.ts';
import * as answers from './pvesh-answers.ts';
import * as storages from './pvesh-storage-answers.ts';
import * as tasks from './pvesh-task-answers.ts';
import { ToolError } from './tool-error.ts';

export const NO_COMMAND = `ERROR: no command specified
USAGE: pvesh <COMMAND> [ARGS] [OPTIONS]

       pvesh create <api_path> [OPTIONS] [FORMAT_OPTIONS]
       pvesh delete <api_path> [OPTIONS] [FORMAT_OPTIONS]
       pvesh get <api_path> [OPTIONS] [FORMAT_OPTIONS]
       pvesh ls <api_path> [OPTIONS] [FORMAT_OPTIONS]
       pvesh set <api_path> [OPTIONS] [FORMAT_OPTIONS]
       pvesh usage <api_path> [OPTIONS]

       pvesh help [<extra-args>] [OPTIONS]`;

type Answer = (found: readonly string[], line: CommandLine) => unknown;

/** In a path `*` stands for one part, which the answer is given. */
const ROUTES: readonly (readonly [string, Answer])[] = [
  ['/version', answers.version],
  ['/cluster/resources', (_, line) => answers.clusterResources(optionValue(line, 'type'))],
  ['/cluster/status', answers.clusterStatus],
  ['/cluster/nextid', answers.nextId],
  ['/nodes', answers.nodes],
  ['/pools', (_, line) => answers.pools(optionValue(line, 'poolid'), optionValue(line, 'type'))],
  ['/pools/*', ([id = '']) => answers.pool(id)],
  ['/storage', storages.storages],
  ['/nodes/*/qemu', ([node = '']) => answers.nodeVms(node)],
  ['/nodes/*/lxc', ([node = '']) => answers.nodeContainers(node)],
  ['/nodes/*/storage', ([node = '']) => storages.nodeStorages(node)],
  ['/nodes/*/tasks', ([node = ''], line) => tasks.tasks(node, Number(optionValue(line, 'limit') ?? 50))],
  ['/nodes/*/tasks/*/status', ([node = '', upid = '']) => tasks.taskStatus(node, upid)],
  ['/nodes/*/qemu/*/config', ([node = '', vmid = '']) => answers.guestConfig({ vmid, type: 'qemu', node })],
  ['/nodes/*/lxc/*/config', ([node = '', vmid = '']) => answers.guestConfig({ vmid, type: 'lxc', node })],
  [
    '/nodes/*/qemu/*/status/current',
    ([node = '', vmid = '']) => answers.guestStatus({ vmid, type: 'qemu', node }),
  ],
  [
    '/nodes/*/lxc/*/status/current',
    ([node = '', vmid = '']) => answers.guestStatus({ vmid, type: 'lxc', node }),
  ],
];

export async function pvesh(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args;
  if (command === undefined) throw new ToolError(NO_COMMAND);
  const usage = `pvesh ${command} <api_path> [OPTIONS] [FORMAT_OPTIONS]`;
  const line = parseCommandLine(rest, { usage, option: () => text });
  const path = line.positional[0];
  if (path === undefined) throw new ToolError(`400 not enough arguments\n${usage}`);
  if (command === 'create') {
    const { pveshCreate } = await import('./pvesh-create.ts');
    return await pveshCreate(path, line);
  }
  if (command !== 'get') throw new ToolError(`ERROR: unknown command 'pvesh ${command}'`);
  const answer = get(path, line, usage);
  printAnswer(answer, formatOf(line, usage));
  return 0;
}

function get(path: string, line: CommandLine, usage: string): unknown {
  const parts = path
    .split('/')
    .filter((part) => part !== '')
    .map(localName);
  for (const [pattern, answer] of ROUTES) {
    const found = match(pattern, parts);
    if (found === undefined) continue;
    formatOf(line, usage);
    if (pattern === '/cluster/resources') checkType(line, usage);
    if (pattern === '/pools/*') checkPoolName(found[0] ?? '', usage);
    if (parts[0] === 'nodes' && parts[1] !== undefined) checkReachable(parts[1]);
    return answer(found, line);
  }
  throw new ToolError(`No 'get' handler defined for '${path}'`, 1);
}

/** `localhost` stands for the node that is asked. */
function localName(part: string, index: number): string {
  return index === 1 && part === 'localhost' ? nodeName() : part;
}

function match(pattern: string, parts: readonly string[]): readonly string[] | undefined {
  const wanted = pattern.split('/').slice(1);
  if (wanted.length !== parts.length || !wanted.every((part, index) => part === '*' || part === parts[index]))
    return undefined;
  return parts.filter((_, index) => wanted[index] === '*');
}

function formatOf(line: CommandLine, usage: string): string {
  const format = optionValue(line, 'output-format') ?? 'text';
  if (['text', 'json', 'json-pretty', 'yaml'].includes(format)) return format;
  throw parameterError(
    [
      `output-format: value '${format}' does not have a value in the enumeration 'text, json, json-pretty, yaml'`,
    ],
    usage,
  );
}

function checkType(line: CommandLine, usage: string): void {
  const type = optionValue(line, 'type');
  if (type === undefined || ['vm', 'storage', 'node', 'sdn'].includes(type)) return;
  throw parameterError(
    [`type: value '${type}' does not have a value in the enumeration 'vm, storage, node, sdn'`],
    usage,
  );
}

function checkPoolName(id: string, usage: string): void {
  if (/^[\w.-]+$/.test(id)) return;
  throw parameterError([`poolid: invalid format - pool name '${id}' contains invalid characters\n`], usage);
}

/** Calls about another node are sent there; a node that is off has no address. */
function checkReachable(node: string): void {
  if (node === nodeName() || (listNodes().includes(node) && isOnline(node))) return;
  throw new ToolError(
    `hostname lookup '${node}' failed - failed to get address info for: ${node}: Name or service not known`,
  );
}

function printAnswer(answer: unknown, format: string): void {
  if (format === 'json') print(1, `${JSON.stringify(sorted(answer))}\n`);
  else if (format === 'json-pretty') print(1, `${JSON.stringify(sorted(answer), undefined, 3)}\n`);
  else print(1, table(answer));
}

/** The keys in order, undefined ones left out. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  return Object.fromEntries(
    entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, each]) => [key, sorted(each)]),
  );
}

/** The box that pvesh draws around an object; lists of objects are shown key by key, which nobody should parse. */
function table(answer: unknown): string {
  if (typeof answer !== 'object' || answer === null) return `${String(answer)}\n`;
  const rows = [
    ['key', 'value'],
    ...Object.entries(sorted(answer) ?? {}).map(([key, value]) => [
      key,
      typeof value === 'object' ? JSON.stringify(value) : String(value),
    ]),
  ];
  const width = (column: number) => Math.max(...rows.map((row) => (row[column] ?? '').length));
  const rule = (left: string, middle: string, right: string, line = '─') =>
    `${left}${line.repeat(width(0) + 2)}${middle}${line.repeat(width(1) + 2)}${right}`;
  const lines = rows.map(
    ([key = '', value = '']) => `│ ${key.padEnd(width(0))} │ ${value.padEnd(width(1))} │`,
  );
  const [head = '', ...body] = lines;
  return [
    rule('┌', '┬', '┐'),
    head,
    rule('╞', '╪', '╡', '═'),
    body.join(`\n${rule('├', '┼', '┤')}\n`),
    rule('└', '┴', '┘'),
    '',
  ].join('\n');
}
