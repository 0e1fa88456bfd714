import { hash } from 'node:crypto';
import { UserError } from '../../user-error.ts';
import { kindOfJson } from './json-form.ts';
import { type PlanFile, parsePlanFile } from './plan-file.ts';
import { readJsonFile } from './read-json-file.ts';

/** A saved plan with what names its file for good. */
export interface SavedPlan {
  readonly file: PlanFile;
  /** Of its bytes, 64 hex digits: what `sha256sum` prints. */
  readonly sha256: string;
  readonly text: string;
}

/** @throws UserError `usage` when it is none, or cannot be read */
export async function loadSavedPlan(path: string): Promise<SavedPlan> {
  const text = await readJsonFile(path);
  return { file: parsePlanFile(text, path), sha256: hash('sha256', text), text };
}

/** What a file holds is told by what is in it, not by what it is called. One that cannot be read counts as a site file. */
export async function isSavedPlan(path: string): Promise<boolean> {
  const kind = await readJsonFile(path).then(kindOfJson, () => undefined);
  if (kind === 'pvebak-facts')
    throw new UserError('usage', `${path} holds recorded facts, and is no site file`, {
      hint: `they are for: pvebak plan site.yaml --facts ${path}`,
    });
  return kind === 'pvebak-plan';
}
