import type { Facts } from '../../plan/facts.ts';
import { jsonForm } from './json-form.ts';
import type { SiteFileName } from './plan-file.ts';

/** What hosts and repositories said at one moment, to plan with later and elsewhere. Holds no secret. */
export interface FactsFile {
  readonly kind: 'pvebak-facts';
  readonly version: 1;
  /** The program that made it, with its version. */
  readonly madeBy: string;
  readonly site: SiteFileName;
  readonly facts: Facts;
}

const SCHEMA = new URL('../../../schemas/facts.schema.json', import.meta.url);
const FORM = jsonForm<FactsFile>(SCHEMA, { kind: 'pvebak-facts', version: 1 });

/** @param name of the file, for messages. @throws UserError `usage` */
export function parseFactsFile(text: string, name: string): FactsFile {
  return FORM.read(text, name);
}

export function encodeFactsFile(file: FactsFile): string {
  return FORM.write(file);
}
