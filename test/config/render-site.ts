import { renderSiteProblems } from '../../src/cli/view/site-problems.ts';
import { parseSite } from '../../src/config/load-site.ts';
import { SiteFileError, type SiteProblem } from '../../src/config/site-file-error.ts';

/** A complete small site, to be bent by tests. */
export const GOOD = `version: 1
repositories:
  main:
    path: ./repository
    password: { env: PVEBAK_PASSWORD }
hosts:
  pve:
    mode: local
backups:
  - name: everything
    host: pve
    all: true
`;

export function parse(text: string) {
  return parseSite(text, { file: '/srv/backup/site.yaml', home: '/home/ops' });
}

/** The problems that the text is refused for; none when it is good. */
export function problemsOf(text: string): readonly SiteProblem[] {
  return errorOf(text)?.problems ?? [];
}

/** The problems as the command line shows them. */
export function render(text: string): string {
  const error = errorOf(text);
  return error === undefined ? '' : renderSiteProblems(error);
}

/** `line:column: message` and the hint of each problem. */
export function brief(text: string): readonly string[] {
  return problemsOf(text).map(({ line, column, message, hint }) =>
    [`${line}:${column}: ${message}`, ...(hint === undefined ? [] : [hint])].join('; '),
  );
}

function errorOf(text: string): SiteFileError | undefined {
  try {
    parseSite(text, { file: 'site.yaml', home: '/home/ops' });
    return undefined;
  } catch (error) {
    if (error instanceof SiteFileError) return error;
    throw error;
  }
}
