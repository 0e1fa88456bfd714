import type { ErrorObject } from 'ajv';
import type { DataPath, Finding } from './finding.ts';
import { nearest } from './nearest.ts';
import {
  allowedKeys,
  alternatives,
  annotation,
  exampleOf,
  isRecord,
  textParam,
  texts,
  unknownKeySuggestion,
} from './schema-error.ts';
import { isSecretKey } from './secret-key.ts';

/** Says one error of the validator in the user's words, with what to write instead. */
export function describeSchemaError(error: ErrorObject, path: DataPath): Finding {
  if (error.propertyName !== undefined) {
    return notA(error, [...path, error.propertyName], 'key', `"${error.propertyName}"`);
  }
  const describe = SENTENCES.get(error.keyword) ?? ofAnyOther;
  return describe(error, path);
}

type Describe = (error: ErrorObject, path: DataPath) => Finding;

const SENTENCES: ReadonlyMap<string, Describe> = new Map<string, Describe>([
  ['additionalProperties', ofUnknownKey],
  ['required', ofMissingKey],
  ['oneOf', ofAlternatives],
  ['not', ofForbidden],
  ['type', ofWrongType],
  ['enum', ofEnum],
  ['const', ofConst],
  ['pattern', ofWrongForm],
  ['format', ofWrongForm],
  ['minimum', ofLimit],
  ['maximum', ofLimit],
  ['minLength', ofEmpty],
  ['minItems', ofEmpty],
  ['minProperties', ofEmptyMap],
  ['maxProperties', ofTooManyKeys],
  ['uniqueItems', ofRepeatedItem],
]);

function ofUnknownKey(error: ErrorObject, path: DataPath): Finding {
  const key = textParam(error, 'additionalProperty');
  const meant = unknownKeySuggestion(error);
  const hint =
    meant === undefined ? `the keys here are ${list(allowedKeys(error))}` : `did you mean "${meant}"?`;
  return { path: [...path, key], at: 'key', message: `unknown key "${key}"`, hint };
}

function ofMissingKey(error: ErrorObject, path: DataPath): Finding {
  const key = textParam(error, 'missingProperty');
  const example = exampleOf(error, key);
  const isRuleOfItsOwn = allowedKeys(error).length === 0;
  const hint = isRuleOfItsOwn ? annotation(error, 'description') : example && `for example ${example}`;
  return { path, at: 'key', message: `missing key "${key}"${inside(path)}`, hint };
}

function ofAlternatives(error: ErrorObject, path: DataPath): Finding {
  const wanted = alternatives(error);
  const given = Object.keys(isRecord(error.data) ? error.data : {}).filter((key) => wanted.includes(key));
  const one = `exactly one of ${list(wanted)}`;
  if (given.length > 1) {
    const path2 = [...path, given[1] ?? ''];
    return { path: path2, at: 'key', message: `${quoted(given)} are given together`, hint: `give ${one}` };
  }
  const hint = annotation(error, 'description');
  return { path, at: 'key', message: `missing key${inside(path)}: ${one}`, hint };
}

/** `not: {}` marks keys of later versions, `not: { required }` those that exclude each other. */
function ofForbidden(error: ErrorObject, path: DataPath): Finding {
  const together = isRecord(error.schema) ? texts(error.schema['required']) : [];
  if (together.length > 0) {
    const message = `${quoted(together)} are given together`;
    return { path: [...path, together[1] ?? ''], at: 'key', message, hint: 'keep one of them' };
  }
  const hint = annotation(error, 'description');
  return { path, at: 'key', message: `${subject(path)} is not supported yet`, hint };
}

function ofWrongType(error: ErrorObject, path: DataPath): Finding {
  if (path.length === 0) return ofWrongRoot(error);
  if (error.data === null)
    return { path, at: 'key', message: `${subject(path)} has no value`, hint: howTo(error) };
  if (annotation(error, 'title') !== undefined && typeof error.data !== 'object')
    return ofWrongForm(error, path);
  const wanted = wantedTypes(error);
  const message = `${subject(path)} must be ${list(wanted.map(typeName), 'or')}, not ${kindOf(error.data)}`;
  return { path, at: 'value', message, hint: typeHint(error, wanted) };
}

function ofWrongRoot(error: ErrorObject): Finding {
  const hint = 'the shortest site file has the keys version, repositories and hosts: see examples/site.yaml';
  const message =
    error.data === null ? 'the file is empty' : `the file must be a map of keys, not ${kindOf(error.data)}`;
  return { path: [], at: 'key', message, hint };
}

function typeHint(error: ErrorObject, wanted: readonly string[]): string | undefined {
  if (wanted.includes('string') && typeof error.data !== 'object') return 'put it in quotes';
  if (wanted.includes('boolean')) return 'write true or false';
  return howTo(error);
}

function ofEnum(error: ErrorObject, path: DataPath): Finding {
  const values = [...new Set(texts(error.schema))];
  if (error.data === null)
    return { path, at: 'key', message: `${subject(path)} has no value`, hint: writeOneOf(values) };
  const meant = typeof error.data === 'string' ? nearest(error.data, values) : undefined;
  const hint = meant === undefined ? writeOneOf(values) : `did you mean "${meant}"?`;
  return { path, at: 'value', message: `${subject(path)} cannot be ${quote(error.data, path)}`, hint };
}

function ofConst(error: ErrorObject, path: DataPath): Finding {
  return { path, at: 'value', message: `${subject(path)} can only be ${String(error.schema)}` };
}

function ofWrongForm(error: ErrorObject, path: DataPath): Finding {
  return notA(error, path, 'value', quote(error.data, path));
}

function ofLimit(error: ErrorObject, path: DataPath): Finding {
  if (annotation(error, 'title') !== undefined) return ofWrongForm(error, path);
  const bound = error.keyword === 'minimum' ? 'at least' : 'at most';
  return { path, at: 'value', message: `${subject(path)} must be ${bound} ${String(error.schema)}` };
}

function ofEmpty(error: ErrorObject, path: DataPath): Finding {
  return { path, at: 'value', message: `${subject(path)} is empty`, hint: howTo(error) };
}

function ofEmptyMap(error: ErrorObject, path: DataPath): Finding {
  const keys = allowedKeys(error);
  const hint = keys.length === 0 ? undefined : `give at least one of ${list(keys)}`;
  return { path, at: 'key', message: `${subject(path)} is empty`, hint };
}

function ofTooManyKeys(error: ErrorObject, path: DataPath): Finding {
  const given = Object.keys(isRecord(error.data) ? error.data : {});
  const message = `${quoted(given)} are given together`;
  return { path, at: 'key', message, hint: `give exactly one of ${list(allowedKeys(error))}` };
}

function ofRepeatedItem(error: ErrorObject, path: DataPath): Finding {
  const [first, second] = [textParam(error, 'j'), textParam(error, 'i')]
    .map(Number)
    .toSorted((a, b) => a - b);
  const message = `${subject([...path, second ?? 0])} is the same as item ${(first ?? 0) + 1}`;
  return { path: [...path, second ?? 0], at: 'value', message, hint: 'remove one of them' };
}

function ofAnyOther(error: ErrorObject, path: DataPath): Finding {
  return { path, at: 'value', message: `${subject(path)} ${error.message ?? 'is wrong'}` };
}

function notA(error: ErrorObject, path: DataPath, at: Finding['at'], what: string): Finding {
  const title = annotation(error, 'title') ?? 'valid value';
  const article = /^[aeiou]/i.test(title) ? 'an' : 'a';
  return { path, at, message: `${what} is not ${article} ${title}`, hint: howTo(error) };
}

/** Where a schema has a title, its description says how the value is written. */
function howTo(error: ErrorObject): string | undefined {
  const description = annotation(error, 'title') === undefined ? undefined : annotation(error, 'description');
  return description === undefined ? undefined : `write ${description}`;
}

function wantedTypes(error: ErrorObject): readonly string[] {
  return Array.isArray(error.schema) ? texts(error.schema) : [String(error.schema)];
}

function typeName(type: string): string {
  return TYPE_NAMES.get(type) ?? type;
}

const TYPE_NAMES: ReadonlyMap<string, string> = new Map([
  ['string', 'text'],
  ['object', 'a map of keys'],
  ['array', 'a list'],
  ['integer', 'a whole number'],
  ['boolean', 'true or false'],
]);

function kindOf(data: unknown): string {
  if (Array.isArray(data)) return 'a list';
  if (typeof data === 'string') return 'text';
  if (typeof data === 'boolean') return String(data);
  return typeof data === 'number' ? 'a number' : 'a map of keys';
}

/** `"rpo"`, or `item 2 of "vmid"`. */
function subject(path: DataPath): string {
  const last = String(path.at(-1) ?? '');
  const parent = path.at(-2);
  return /^\d+$/.test(last) && parent !== undefined ? `item ${Number(last) + 1} of "${parent}"` : `"${last}"`;
}

function inside(path: DataPath): string {
  return path.length === 0 ? '' : ` in ${subject(path)}`;
}

/** A value as it may appear in a message: short, and never a secret. */
function quote(data: unknown, path: DataPath): string {
  if (path.some((segment) => isSecretKey(String(segment)))) return subject(path);
  if (typeof data !== 'string') return typeof data === 'object' ? subject(path) : String(data);
  const plain = data.replace(/\/\/[^/@]*@/, '//[secret]@');
  return `"${plain.length > 60 ? `${plain.slice(0, 60)}...` : plain}"`;
}

function writeOneOf(values: readonly string[]): string {
  return `write ${list(values, 'or')}`;
}

function quoted(keys: readonly string[]): string {
  return list(keys.map((key) => `"${key}"`));
}

function list(words: readonly string[], last: 'and' | 'or' = 'and'): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`;
}
