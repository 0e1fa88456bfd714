import { readFileSync } from 'node:fs';
import { Ajv, type ErrorObject } from 'ajv';
import { parseLocation } from './parse-location.ts';
import type { RawSite } from './raw-site.ts';

export type CheckedShape =
  | { readonly kind: 'fits'; readonly raw: RawSite }
  | { readonly kind: 'differs'; readonly errors: readonly ErrorObject[] };

/** Compares data with the schema that editors use, too; all errors at once. */
export function checkShape(data: unknown): CheckedShape {
  validator ??= compile();
  return validator(data) ? { kind: 'fits', raw: data } : { kind: 'differs', errors: validator.errors ?? [] };
}

let validator: ReturnType<typeof compile> | undefined;

function compile() {
  const schemaFile = new URL('../../schemas/site.schema.json', import.meta.url);
  const ajv = new Ajv({
    allErrors: true,
    verbose: true,
    strict: true,
    strictRequired: false,
    allowUnionTypes: true,
    // A test holds the schema against its meta-schema; here that would cost each run 30 ms.
    validateSchema: false,
    meta: false,
    code: { optimize: false },
  });
  ajv.addFormat('location', (text: string) => parseLocation(text) !== undefined);
  return ajv.compile<RawSite>(JSON.parse(readFileSync(schemaFile, 'utf8')));
}
