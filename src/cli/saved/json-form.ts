import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { isTimeZone } from '../../schedule/zoned-time.ts';
import { UserError } from '../../user-error.ts';

/** Maps are written as objects, sets as lists. */
function toJson(value: object): string {
  return `${JSON.stringify(value, replace, 1)}\n`;
}

function replace(_: string, value: unknown): unknown {
  if (value instanceof Map) return Object.fromEntries(value);
  return value instanceof Set ? [...value] : value;
}

/**
 * A kind of file that is written here and read again, from wherever it comes by then. Maps and sets, which JSON does not
 * have, are made anew where the schema says `"form": "map"` or `"form": "set"`.
 */
export interface JsonForm<Content> {
  /** @throws UserError `usage` where the text is not of this form; never with a part of what it says */
  read(text: string, name: string): Content;
  /** @throws Error where that would not be read again */
  write(content: Content & object): string;
}

/**
 * @param schema where its schema is, which the type `Content` must agree with: a test makes one from the other
 * @param marks `kind` and `version` that a file of this form has
 */
export function jsonForm<Content>(
  schema: URL,
  marks: { readonly kind: string; readonly version: number },
): JsonForm<Content> {
  let validator: ReturnType<typeof compile<Content>> | undefined;
  const check = (data: unknown, complain: (fault: string) => Error): Content => {
    validator ??= compile<Content>(schema);
    if (validator(data)) return data;
    const [fault] = validator.errors ?? [];
    throw complain(`${fault?.instancePath} ${fault?.message}`);
  };
  return {
    read(text, name) {
      const data: unknown = parse(text, name);
      checkMarks(data, marks, name);
      const hint = 'make it anew; it is not meant to be edited';
      return check(data, (fault) => new UserError('usage', `${name} is damaged: ${fault}`, { hint }));
    },
    write(content) {
      const text = toJson(content);
      check(
        JSON.parse(text),
        (fault) => new Error(`${schema.pathname} does not allow what is to be written: ${fault}`),
      );
      return text;
    },
  };
}

/** What a text says that it is; undefined when it is no file of ours. */
export function kindOfJson(text: string): string | undefined {
  if (!text.trimStart().startsWith('{')) return undefined;
  try {
    return marksOf(JSON.parse(text)).kind;
  } catch {
    return undefined;
  }
}

function parse(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UserError('usage', `${name} is no JSON`, { cause, hint: 'is it whole?' });
  }
}

function checkMarks(data: unknown, { kind, version }: { kind: string; version: number }, name: string): void {
  const found = marksOf(data);
  if (found.kind !== kind)
    throw new UserError('usage', `${name} is no ${kind}`, {
      hint: found.kind === undefined ? 'is it the right file?' : `it says that it is ${found.kind}`,
    });
  if (found.version !== version)
    throw new UserError(
      'usage',
      `${name} has version ${found.version}; this pvebak reads version ${version}`,
      {
        hint: 'read it with the pvebak that made it, or make it anew',
      },
    );
}

/** Only short ones of the right type: they are shown. */
function marksOf(data: unknown): { readonly kind?: string; readonly version?: number } {
  if (typeof data !== 'object' || data === null) return {};
  const { kind, version }: { kind?: unknown; version?: unknown } = data;
  return {
    ...(typeof kind === 'string' && /^pvebak-[a-z]{1,20}$/.test(kind) && { kind }),
    ...(typeof version === 'number' && { version }),
  };
}

function compile<Content>(schema: URL) {
  const ajv = new Ajv({
    strict: true,
    strictRequired: false,
    discriminator: true,
    validateSchema: false,
    meta: false,
    code: { optimize: false },
  });
  ajv.addFormat('time-zone', isTimeZone);
  ajv.addKeyword({
    keyword: 'form',
    schemaType: 'string',
    modifying: true,
    post: true,
    errors: false,
    validate(
      form: string,
      data: object,
      _: unknown,
      at?: { parentData: object; parentDataProperty: string | number },
    ) {
      const made = form === 'map' ? new Map(Object.entries(data)) : new Set(Object.values(data));
      if (at !== undefined) Object.assign(at.parentData, { [at.parentDataProperty]: made });
      return true;
    },
  });
  return ajv.compile<Content>(JSON.parse(readFileSync(schema, 'utf8')));
}
