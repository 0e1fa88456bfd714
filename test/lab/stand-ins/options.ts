/**
 * The command line of the tools: `--name value`, `--name=value`, `-name value`, booleans with or without a value, and the
 * messages for what cannot be parsed.
 */
import { ToolError } from './tool-error.ts';

export type OptionKind =
  | { readonly kind: 'flag' }
  | { readonly kind: 'text' }
  | { readonly kind: 'integer' }
  | { readonly kind: 'choice'; readonly values: readonly string[] };

export interface Syntax {
  /** Printed after each complaint, without line end. */
  readonly usage: string;
  readonly option: (name: string) => OptionKind | undefined;
}

export interface CommandLine {
  readonly positional: readonly string[];
  /** In the order given; an option given twice has two values. */
  readonly values: ReadonlyMap<string, readonly string[]>;
}

export const flag: OptionKind = { kind: 'flag' };
export const text: OptionKind = { kind: 'text' };
export const integer: OptionKind = { kind: 'integer' };
export function choice(...values: readonly string[]): OptionKind {
  return { kind: 'choice', values };
}

/** @throws ToolError with status 255 and the messages of the real tools */
export function parseCommandLine(args: readonly string[], syntax: Syntax): CommandLine {
  const positional: string[] = [];
  const values = new Map<string, string[]>();
  const complaints: string[] = [];
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (!/^--?[a-zA-Z]/.test(arg)) positional.push(arg);
    else takeOption(arg, rest, { syntax, values, complaints });
  }
  if (complaints.length > 0) {
    throw new ToolError([...complaints, '400 unable to parse option', syntax.usage].join('\n'));
  }
  checkValues(values, syntax);
  return { positional, values };
}

/** The value of an option that makes sense once: the last one given. */
export function optionValue(line: CommandLine, name: string): string | undefined {
  return line.values.get(name)?.at(-1);
}

export function isSet(line: CommandLine, name: string): boolean {
  return optionValue(line, name) === '1';
}

/** `400 Parameter verification failed.`, one line for each complaint, and the usage. */
export function parameterError(complaints: readonly string[], usage: string): ToolError {
  return new ToolError(['400 Parameter verification failed.', ...complaints, usage].join('\n'));
}

/** @throws ToolError when the text is no id of a guest */
export function checkVmid(vmid: string, usage: string): string {
  if (/^[1-9][0-9]{2,8}$/.test(vmid)) return vmid;
  throw parameterError(['vmid: invalid format - value does not look like a valid VM ID\n'], usage);
}

interface Parsing {
  readonly syntax: Syntax;
  readonly values: Map<string, string[]>;
  readonly complaints: string[];
}

function takeOption(arg: string, rest: string[], parsing: Parsing): void {
  const [, name = '', inline] = /^--?([^=]+)(?:=(.*))?$/s.exec(arg) ?? [];
  const kind = parsing.syntax.option(name);
  if (kind === undefined) {
    parsing.complaints.push(`Unknown option: ${name}`);
    return;
  }
  const value = inline ?? (kind.kind === 'flag' ? takeBoolean(rest) : rest.shift());
  if (value === undefined) parsing.complaints.push(`Option ${name} requires an argument`);
  else add(parsing.values, name, kind.kind === 'flag' ? toBoolean(value) : value);
}

function takeBoolean(rest: string[]): string {
  return /^(?:0|1|yes|no|on|off|true|false)$/.test(rest[0] ?? '') ? (rest.shift() ?? '1') : '1';
}

function toBoolean(value: string): string {
  return /^(?:1|yes|on|true)$/.test(value) ? '1' : '0';
}

function add(values: Map<string, string[]>, name: string, value: string): void {
  values.set(name, [...(values.get(name) ?? []), value]);
}

function checkValues(values: ReadonlyMap<string, readonly string[]>, syntax: Syntax): void {
  const complaints = [...values].flatMap(([name, given]) =>
    given.flatMap((value) => complaintAbout(name, value, syntax.option(name))),
  );
  if (complaints.length > 0) throw parameterError(complaints, syntax.usage);
}

function complaintAbout(name: string, value: string, kind: OptionKind | undefined): readonly string[] {
  if (kind?.kind === 'choice' && !kind.values.includes(value)) {
    const allowed = kind.values.join(', ');
    return [`${name}: value '${value}' does not have a value in the enumeration '${allowed}'`];
  }
  if (kind?.kind === 'integer' && !/^-?\d+$/.test(value)) {
    return [`${name}: type check ('integer') failed - got '${value}'`];
  }
  return [];
}
