import type { DataPath, Finding } from './finding.ts';
import type { SiteSource } from './read-site-files.ts';
import { isRecord } from './schema-error.ts';

/** The data of all files of a site as one, and where each part of it comes from. */
export interface MergedSources {
  readonly value: unknown;
  /** What stands in several files, and may not. */
  readonly findings: readonly SourceFinding[];
  /** The file that a path leads into, and the path there. */
  readonly origin: (path: DataPath) => { readonly source: SiteSource; readonly path: DataPath };
}

export interface SourceFinding {
  readonly source: SiteSource;
  readonly finding: Finding;
}

/** Entries of several files stand together; all else belongs into one file. */
const LISTS: ReadonlySet<string> = new Set(['backups', 'restores', 'include']);
const MAPS: ReadonlySet<string> = new Set(['repositories', 'hosts']);

/** @param sources not empty, the site file itself first */
export function mergeSources(sources: readonly SiteSource[]): MergedSources {
  const [first, ...others] = sources;
  if (first === undefined) throw new Error('a site without a file');
  const merge = new Merge(first);
  for (const source of others) merge.add(source);
  return merge;
}

class Merge implements MergedSources {
  readonly findings: SourceFinding[] = [];
  readonly #first: SiteSource;
  readonly #data: Record<string, unknown> | undefined;
  /** By `hosts`, `hosts/pve` or `backups/3`. */
  readonly #origins = new Map<string, { readonly source: SiteSource; readonly index?: number }>();

  constructor(first: SiteSource) {
    this.#first = first;
    const value = first.yaml.tree?.value;
    this.#data = isRecord(value) ? {} : undefined;
    if (isRecord(value)) this.add(first);
  }

  get value(): unknown {
    return this.#data ?? this.#first.yaml.tree?.value;
  }

  add(source: SiteSource): void {
    const value = source.yaml.tree?.value;
    if (value === null || value === undefined || this.#data === undefined) return;
    if (!isRecord(value)) {
      this.#find(source, [], 'an included file must be a map of keys, as the site file is');
      return;
    }
    for (const [key, part] of Object.entries(value)) this.#addPart(key, part, source, this.#data);
  }

  origin(path: DataPath): { readonly source: SiteSource; readonly path: DataPath } {
    const [section, key, ...rest] = path;
    const entry = key === undefined ? undefined : this.#origins.get(`${section}/${key}`);
    if (entry !== undefined)
      return { source: entry.source, path: [section ?? '', entry.index ?? key ?? '', ...rest] };
    return { source: this.#origins.get(`${section}`)?.source ?? this.#first, path };
  }

  #addPart(key: string, part: unknown, source: SiteSource, data: Record<string, unknown>): void {
    const known = data[key];
    const isKnown = Object.hasOwn(data, key);
    if (!isKnown) this.#origins.set(key, { source });
    if (LISTS.has(key) && Array.isArray(part) && (!isKnown || Array.isArray(known))) {
      const before: readonly unknown[] = Array.isArray(known) ? known : [];
      for (const index of part.keys())
        this.#origins.set(`${key}/${before.length + index}`, { source, index });
      data[key] = [...before, ...part];
    } else if (MAPS.has(key) && isRecord(part) && (!isKnown || isRecord(known))) {
      data[key] = this.#union(key, isRecord(known) ? known : {}, part, source);
    } else if (!isKnown) {
      data[key] = part;
    } else if (source !== this.#first && !isAnyFiles(key)) {
      this.#repeated([key], `"${key}"`, this.origin([key]).source, source);
    } else if (key === 'version' && part !== known) {
      this.#find(source, [key], `"version" is another one than in ${this.origin([key]).source.file}`);
    }
  }

  #union(
    section: string,
    known: Readonly<Record<string, unknown>>,
    part: Readonly<Record<string, unknown>>,
    source: SiteSource,
  ): Readonly<Record<string, unknown>> {
    const added = Object.entries(part).filter(([name]) => {
      const isNew = !Object.hasOwn(known, name);
      if (isNew) this.#origins.set(`${section}/${name}`, { source });
      else
        this.#repeated(
          [section, name],
          `"${name}" under ${section}`,
          this.origin([section, name]).source,
          source,
        );
      return isNew;
    });
    return { ...known, ...Object.fromEntries(added) };
  }

  #repeated(path: DataPath, what: string, before: SiteSource, source: SiteSource): void {
    this.#find(source, path, `${what} is in ${before.file} already`, 'keep one of them');
  }

  #find(source: SiteSource, path: DataPath, message: string, hint?: string): void {
    this.findings.push({ source, finding: { path, at: 'key', message, hint } });
  }
}

/** What each file may have for itself. */
function isAnyFiles(key: string): boolean {
  return key === 'version' || key === 'include' || key.startsWith('x-');
}
