import type { ErrorObject } from 'ajv';
import type { DataPath, Finding } from './finding.ts';
import { isRecord, missingKeys, unknownKeySuggestion } from './schema-error.ts';
import { describeSchemaError } from './schema-sentence.ts';

/**
 * Turns the validator's errors into findings in the user's words: one for each mistake, however many errors
 * it caused.
 */
export function schemaFindings(errors: readonly ErrorObject[]): readonly Finding[] {
  const meaningful = errors.filter((error) => !isNoise(error));
  const branches = branchPrefixes(meaningful);
  const misspelt = misspeltKeys(meaningful);
  const kept = meaningful.filter(
    (error) =>
      !isInside(error, branches) && !isExplained(error, misspelt) && !isCountOfUnknown(error, meaningful),
  );
  return kept.map((error) => describeSchemaError(error, dataPath(error.instancePath)));
}

/** These only repeat that something beneath them failed, or that what should hold keys is no map. */
function isNoise(error: ErrorObject): boolean {
  const isVacuous = error.keyword === 'oneOf' && !isRecord(error.data);
  return isVacuous || error.keyword === 'if' || error.keyword === 'propertyNames';
}

/** Where a oneOf failed: what each branch wanted is said by the oneOf as a whole. */
function branchPrefixes(errors: readonly ErrorObject[]): ReadonlySet<string> {
  return new Set(errors.filter(({ keyword }) => keyword === 'oneOf').map(keyOf));
}

function isInside(error: ErrorObject, branches: ReadonlySet<string>): boolean {
  const wanted = keyOf(error).replace(/\/\d+\/required$/, '');
  return error.keyword === 'required' && branches.has(wanted);
}

function keyOf(error: ErrorObject): string {
  return `${error.instancePath} ${error.schemaPath}`;
}

/** A key that is missing because it was misspelt is said once, at the misspelt one. */
function misspeltKeys(errors: readonly ErrorObject[]): ReadonlySet<string> {
  const meant = errors.flatMap((error) => {
    const suggestion = unknownKeySuggestion(error);
    return suggestion === undefined ? [] : [`${error.instancePath} ${suggestion}`];
  });
  return new Set(meant);
}

function isExplained(error: ErrorObject, misspelt: ReadonlySet<string>): boolean {
  return missingKeys(error).some((key) => misspelt.has(`${error.instancePath} ${key}`));
}

/** Too many keys, but some of them do not exist: that is said already. */
function isCountOfUnknown(error: ErrorObject, all: readonly ErrorObject[]): boolean {
  if (error.keyword !== 'maxProperties') return false;
  return all.some(
    (other) => other.keyword === 'additionalProperties' && other.instancePath === error.instancePath,
  );
}

function dataPath(pointer: string): DataPath {
  return pointer
    .split('/')
    .slice(1)
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
}
