import { readdirSync, readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';

const FOLDER = new URL('../../schemas/', import.meta.url);

test.each(readdirSync(FOLDER))('%s is a schema as its meta-schema says', (name) => {
  const schema: { $schema?: string } = JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8'));
  const ajv = schema.$schema?.includes('2020-12') ? new Ajv2020() : new Ajv();
  expect(ajv.validateSchema(schema), JSON.stringify(ajv.errors)).toBe(true);
});
