import { dirname, resolve } from 'node:path';
import { buildSite } from './build-site.ts';
import { checkSite } from './check-site.ts';
import { textsAt } from './data-paths.ts';
import { type Finding, firstOfEachValue } from './finding.ts';
import { locateFinding } from './locate-finding.ts';
import { type MergedSources, mergeSources, type SourceFinding } from './merge-sources.ts';
import { readSiteFiles, type SiteSource, singleSource } from './read-site-files.ts';
import { schemaFindings } from './schema-findings.ts';
import type { SecretFile } from './secret-files.ts';
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

/**
 * Reads and checks a site file, with all that it includes.
 * @param file its path, as messages are to name it
 * @param read reads a file as UTF-8
 * @throws SiteFileError with all problems of all files; UserError `site-file` when it cannot be read or is over 1 MiB
 */
export async function loadSite(
  file: string,
  options: SiteSurroundings & { readonly read: (path: string) => Promise<string> },
): Promise<Site> {
  return makeSite(await readSiteFiles(file, options), { ...options, file });
}

/** As `loadSite`, with the text at hand; what it includes is not looked at. */
export function parseSite(text: string, options: SiteSurroundings & { readonly file: string }): Site {
  return makeSite([singleSource(options.file, text)], options);
}

function makeSite(
  sources: readonly SiteSource[],
  { file, home, timeZone }: SiteSurroundings & { readonly file: string },
): Site {
  const merged = mergeSources(sources);
  // Where a file could not be read, names that it may hold would be called missing.
  const isReadable = sources.every(({ yaml }) => yaml.tree !== undefined);
  const shape = isReadable ? checkShape(merged.value) : undefined;
  const malformed = shape?.kind === 'differs' ? schemaFindings(shape.errors) : [];
  const checked = isReadable ? firstOfEachValue([...malformed, ...checkSite(merged.value)]) : [];
  const findings: readonly SourceFinding[] = [
    ...merged.findings,
    ...checked.map((finding) => inItsFile(finding, { origin: (path) => merged.origin(path) })),
  ];
  const problems = sources.flatMap((source) => problemsIn(source, findings));
  if (shape?.kind !== 'fits' || problems.length > 0) throw new SiteFileError(file, problems);
  const [, ...included] = sources.map((source) => resolve(source.file));
  const site = buildSite(shape.raw, {
    file: resolve(file),
    home,
    timeZone,
    folderOf: (path) => dirname(resolve(merged.origin(path).source.file)),
  });
  const written = writtenSecrets(merged);
  return {
    ...site,
    ...(included.length > 0 && { includedFiles: included }),
    ...(written.length > 0 && { writtenSecrets: written }),
  };
}

const SECRETS = [
  ['repositories', '*', 'password'],
  ['hosts', '*', 'conn_password'],
  ['hosts', '*', 'conn_identity_key'],
  ['hosts', '*', 'conn_passphrase'],
];

/** Text is the secret itself; all else says where it is found. */
function writtenSecrets(merged: MergedSources): readonly SecretFile[] {
  return SECRETS.flatMap((pattern) => textsAt(merged.value, pattern)).map(({ path }) => ({
    key: path.join('.'),
    path: resolve(merged.origin(path).source.file),
  }));
}

function inItsFile(finding: Finding, { origin }: Pick<MergedSources, 'origin'>): SourceFinding {
  const { source, path } = origin(finding.path);
  const before = finding.earlier && origin(finding.earlier).source;
  if (before === undefined || before === source) return { source, finding: { ...finding, path } };
  const message = `${finding.message}, first in ${before.file}`;
  return { source, finding: { ...finding, path, message } };
}

function problemsIn(source: SiteSource, findings: readonly SourceFinding[]) {
  const { tree, source: text } = source.yaml;
  const located = findings.flatMap((one): readonly TextProblem[] =>
    one.source === source && tree !== undefined ? [locateFinding(tree, one.finding)] : [],
  );
  return toSiteProblems(text, [...source.problems, ...located]);
}
