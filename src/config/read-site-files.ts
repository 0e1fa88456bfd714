import { dirname, isAbsolute, join, resolve } from 'node:path';
import { UserError } from '../user-error.ts';
import { childAt } from './data-paths.ts';
import { expandPath } from './expand-path.ts';
import { locateFinding } from './locate-finding.ts';
import { type ParsedYaml, parseYaml } from './parse-yaml.ts';
import type { TextProblem } from './source-text.ts';

/** A file of a site. */
export interface SiteSource {
  /** As messages name it. */
  readonly file: string;
  readonly yaml: ParsedYaml;
  /** What is wrong with it as YAML, and with what it includes. */
  readonly problems: readonly TextProblem[];
}

export interface ReadSiteOptions {
  /** What `~` stands for, absolute. */
  readonly home: string;
  /** Reads a file as UTF-8. */
  readonly read: (path: string) => Promise<string>;
}

const MAX_BYTES = 1024 * 1024;
const MAX_FILES = 200;

/**
 * Reads a site file and all that it includes, each file once: the file itself comes first, then what it includes, in order and depth first.
 * An included file that cannot be read, or that leads back, is a problem of the line that includes it.
 * @throws UserError `site-file` when the first one cannot be read or is over 1 MiB
 */
export async function readSiteFiles(file: string, options: ReadSiteOptions): Promise<readonly SiteSource[]> {
  const reader = new SiteReader(options);
  await reader.take(file, await readText(file, options.read), [file]);
  return reader.sources;
}

/** A site of one file, whose text is at hand; what it includes is not looked at. */
export function singleSource(file: string, text: string): SiteSource {
  const yaml = parseYaml(file, checked(file, text));
  return { file, yaml, problems: yaml.problems };
}

class SiteReader {
  readonly sources: SiteSource[] = [];
  readonly #options: ReadSiteOptions;
  readonly #seen = new Set<string>();

  constructor(options: ReadSiteOptions) {
    this.#options = options;
  }

  /** @param chain the files that lead here, the first one and this one included */
  async take(file: string, text: string, chain: readonly string[]): Promise<void> {
    this.#seen.add(resolve(file));
    const { yaml, problems } = singleSource(file, text);
    const own: TextProblem[] = [...problems];
    this.sources.push({ file, yaml, problems: own });
    const listed = childAt(yaml.tree?.value, 'include');
    for (const [index, entry] of (Array.isArray(listed) ? listed : []).entries()) {
      if (typeof entry !== 'string' || yaml.tree === undefined) continue;
      const problem = await this.#include(entry, file, chain);
      const path = ['include', index];
      if (problem !== undefined) own.push(locateFinding(yaml.tree, { path, at: 'value', ...problem }));
    }
  }

  async #include(
    entry: string,
    from: string,
    chain: readonly string[],
  ): Promise<{ readonly message: string; readonly hint?: string } | undefined> {
    const file = this.#nameOf(entry, from);
    if (file === undefined)
      return { message: `"${entry}" names another user's home folder`, hint: 'write the whole path' };
    // Messages quote lines of what is read: a file of something else, a secret perhaps, must not be taken for a site's.
    if (!/\.ya?ml$/.test(entry))
      return { message: `"${entry}" ends neither in .yaml nor in .yml`, hint: 'include YAML files' };
    const back = chain.findIndex((one) => resolve(one) === resolve(file));
    if (back >= 0) {
      const circle = [...chain.slice(back), file].join(' -> ');
      return { message: `${file} includes itself: ${circle}`, hint: 'remove one of these' };
    }
    if (this.#seen.has(resolve(file))) return undefined;
    if (this.#seen.size >= MAX_FILES) return { message: `more than ${MAX_FILES} files are included` };
    try {
      await this.take(file, await readText(file, this.#options.read), [...chain, file]);
      return undefined;
    } catch (error) {
      if (error instanceof UserError) return { message: error.message };
      throw error;
    }
  }

  /** Relative to the file that includes it, and named as that is. */
  #nameOf(entry: string, from: string): string | undefined {
    if (isAbsolute(entry)) return entry;
    if (!entry.startsWith('~')) return join(dirname(from), entry);
    return expandPath(entry, { folder: '/', home: this.#options.home });
  }
}

async function readText(file: string, read: (path: string) => Promise<string>): Promise<string> {
  try {
    return checked(file, await read(file));
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? READ_FAILURES.get(cause.code) : undefined;
    if (reason === undefined) throw cause;
    throw new UserError('site-file', `cannot read ${file}: ${reason}`, { cause });
  }
}

function checked(file: string, text: string): string {
  if (Buffer.byteLength(text) <= MAX_BYTES) return text;
  throw new UserError('site-file', `${file} is larger than 1 MiB`, { hint: 'is this the site file?' });
}

const READ_FAILURES: ReadonlyMap<unknown, string> = new Map([
  ['ENOENT', 'there is no such file'],
  ['EISDIR', 'it is a folder'],
  ['ENOTDIR', 'a part of its path is no folder'],
  ['EACCES', 'permission denied'],
]);
