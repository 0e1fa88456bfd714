import type { HostEntry } from '../../config/site.ts';
import type { Plan } from '../../plan/plan.ts';
import type { ExpectedHost, ExpectedRepository, Precondition } from '../../plan/saved/precondition.ts';
import type { PlanHeader } from '../view/plan-header.ts';
import { jsonForm } from './json-form.ts';

/**
 * A plan that was saved: what would be done, what must still be so then, and what is needed to print it. Holds no secret.
 * `schemas/plan.schema.json` is made from this type.
 */
export interface PlanFile {
  readonly kind: 'pvebak-plan';
  readonly version: 1;
  /** The program that made it, with its version. */
  readonly madeBy: string;
  readonly site: SiteFileName;
  /** Milliseconds since 1970; from then on none of it is carried out. */
  readonly validUntil: number;
  readonly header: PlanHeader;
  readonly plan: Plan;
  /** By name of the host entry: those on which something is done. */
  readonly hosts: ReadonlyMap<string, SavedHost>;
  /** By name of the repository entry: those in which something is done. */
  readonly repositories: ReadonlyMap<string, ExpectedRepository>;
  /** By action, as `backup main pve qemu/101`. An action without an entry is not carried out. */
  readonly preconditions: ReadonlyMap<string, readonly Precondition[]>;
}

export interface SiteFileName {
  /** The path, as it was given. */
  readonly file: string;
  /** Of the file's bytes, 64 hex digits. */
  readonly sha256: string;
}

/** How things are done on a host: from a site file that is changed later, only ways in and secrets are taken. */
export interface SavedHost extends ExpectedHost {
  readonly dumpDir: HostEntry['dumpDir'];
  readonly backupCompression: HostEntry['backupCompression'];
  readonly cleanup: HostEntry['cleanup'];
  readonly vzdump: HostEntry['vzdump'];
}

const SCHEMA = new URL('../../../schemas/plan.schema.json', import.meta.url);
const FORM = jsonForm<PlanFile>(SCHEMA, { kind: 'pvebak-plan', version: 1 });

/** @param name of the file, for messages. @throws UserError `usage` */
export function parsePlanFile(text: string, name: string): PlanFile {
  return FORM.read(text, name);
}

export function encodePlanFile(file: PlanFile): string {
  return FORM.write(file);
}
