import type { ErrorObject } from 'ajv';
import { nearest } from './nearest.ts';

/** The keys that the validator missed at the error's place; several when any of them would do. */
export function missingKeys(error: ErrorObject): readonly string[] {
  if (error.keyword === 'required') return [textParam(error, 'missingProperty')];
  return error.keyword === 'oneOf' ? alternatives(error) : [];
}

/** What a key that does not exist was meant to be, if that can be guessed. */
export function unknownKeySuggestion(error: ErrorObject): string | undefined {
  if (error.keyword !== 'additionalProperties') return undefined;
  return nearest(textParam(error, 'additionalProperty'), allowedKeys(error));
}

/** The keys that may stand at the error's place, without those that a later version will know. */
export function allowedKeys(error: ErrorObject): readonly string[] {
  return Object.entries(properties(error))
    .filter(([, schema]) => !(isRecord(schema) && 'not' in schema))
    .map(([name]) => name);
}

/** The keys of a `oneOf` whose branches each require one. */
export function alternatives(error: ErrorObject): readonly string[] {
  const branches: unknown = error.schema;
  if (!Array.isArray(branches)) return [];
  return branches.flatMap((branch: unknown) => (isRecord(branch) ? texts(branch['required']) : []));
}

/** A text of the schema that failed, such as its title. */
export function annotation(error: ErrorObject, name: 'title' | 'description'): string | undefined {
  const value = parentSchema(error)[name];
  return typeof value === 'string' ? value : undefined;
}

/** The example of a key's value, written as it would be in the file. */
export function exampleOf(error: ErrorObject, key: string): string | undefined {
  const schema = properties(error)[key];
  const examples = isRecord(schema) ? schema['examples'] : undefined;
  const [first]: readonly unknown[] = Array.isArray(examples) ? examples : [];
  return first === undefined ? undefined : `${key}: ${writeFlow(first)}`;
}

function writeFlow(value: unknown): string {
  if (!isRecord(value)) return String(value);
  const pairs = Object.entries(value).map(([name, inner]) => `${name}: ${String(inner)}`);
  return `{ ${pairs.join(', ')} }`;
}

export function textParam(error: ErrorObject, name: string): string {
  const params: unknown = error.params;
  return isRecord(params) ? String(params[name]) : '';
}

export function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function properties(error: ErrorObject): Readonly<Record<string, unknown>> {
  const value = parentSchema(error)['properties'];
  return isRecord(value) ? value : {};
}

function parentSchema(error: ErrorObject): Readonly<Record<string, unknown>> {
  const schema: unknown = error.parentSchema;
  return isRecord(schema) ? schema : {};
}
