import { resolve } from 'node:path';
import { UserError } from '../user-error.ts';
import { buildSite } from './build-site.ts';
import { checkSite } from './check-site.ts';
import { firstOfEachValue } from './finding.ts';
import { locateFinding } from './locate-finding.ts';
import { type ParsedYaml, parseYaml } from './parse-yaml.ts';
import { schemaFindings } from './schema-findings.ts';
import type { Site } from './site.ts';
import { SiteFileError } from './site-file-error.ts';
import { checkShape } from './site-schema.ts';
import { type TextProblem, toSiteProblems } from './source-text.ts';

/** What the outside gives. */
export interface SiteSurroundings {
  /** What `~` stands for, absolute. */
  readonly home: string;
  /** The zone of schedules and windows for which the file names none; absent: UTC. */
  readonly timeZone?: string;
}

const MAX_BYTES = 1024 * 1024;

/**
 * Reads and checks a site file.
 * @param file its path, as messages are to name it
 * @param read reads a file as UTF-8
 * @throws SiteFileError with all its problems; UserError `site-file` when it cannot be read or is over 1 MiB
 */
export async function loadSite(
  file: string,
  options: SiteSurroundings & { readonly read: (path: string) => Promise<string> },
): Promise<Site> {
  return parseSite(await readText(file, options.read), { ...options, file });
}

/** As `loadSite`, with the text at hand. */
export function parseSite(text: string, options: SiteSurroundings & { readonly file: string }): Site {
  const { file, home, timeZone } = options;
  if (Buffer.byteLength(text) > MAX_BYTES) {
    throw new UserError('site-file', `${file} is larger than 1 MiB`, { hint: 'is this the site file?' });
  }
  const yaml = parseYaml(file, text);
  const checked = checkTree(yaml);
  if (checked.kind === 'good') return buildSite(checked.raw, { file: resolve(file), home, timeZone });
  throw new SiteFileError(file, toSiteProblems(yaml.source, checked.problems));
}

function checkTree({ tree, problems }: ParsedYaml) {
  if (tree === undefined) return { kind: 'bad', problems } as const;
  const shape = checkShape(tree.value);
  const malformed = shape.kind === 'differs' ? schemaFindings(shape.errors) : [];
  const findings = firstOfEachValue([...malformed, ...checkSite(tree.value)]);
  const all: readonly TextProblem[] = [
    ...problems,
    ...findings.map((finding) => locateFinding(tree, finding)),
  ];
  return shape.kind === 'fits' && all.length === 0
    ? ({ kind: 'good', raw: shape.raw } as const)
    : ({ kind: 'bad', problems: all } as const);
}

async function readText(file: string, read: (path: string) => Promise<string>): Promise<string> {
  try {
    return await read(file);
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? READ_FAILURES.get(cause.code) : undefined;
    if (reason === undefined) throw cause;
    throw new UserError('site-file', `cannot read ${file}: ${reason}`, { cause });
  }
}

const READ_FAILURES: ReadonlyMap<unknown, string> = new Map([
  ['ENOENT', 'there is no such file'],
  ['EISDIR', 'it is a folder'],
  ['ENOTDIR', 'a part of its path is no folder'],
  ['EACCES', 'permission denied'],
]);
