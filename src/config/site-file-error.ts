import { UserError } from '../user-error.ts';

/** One thing that is wrong with a site file, with all that is needed to show it. */
export interface SiteProblem {
  /** The file as the user named it. */
  readonly file: string;
  /** Both from 1; columns count UTF-16 code units, as editors do. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly hint?: string;
  /** The line as it may be shown: secrets replaced by `[secret]`, otherwise as it is in the file. */
  readonly lineText: string;
  /** Where in `lineText` the mark begins, from 0. It differs from `column - 1` where a secret comes before it. */
  readonly markStart: number;
  /** Length of the mark in `lineText`, at least 1; the mark may end one behind the line. */
  readonly length: number;
}

/** All problems of one site file, sorted by place. */
export class SiteFileError extends UserError {
  readonly problems: readonly SiteProblem[];

  constructor(file: string, problems: readonly SiteProblem[]) {
    super('site-file', `${file}: ${problems.length === 1 ? 'one problem' : `${problems.length} problems`}`);
    this.problems = problems;
  }
}
