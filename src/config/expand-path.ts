import { join, resolve } from 'node:path';

export interface PathBase {
  /** Where relative paths start: the site file's folder, absolute. */
  readonly folder: string;
  /** What `~` stands for, absolute. */
  readonly home: string;
}

/** Makes a path of the site file absolute; undefined for `~user`, which only a shell knows. */
export function expandPath(path: string, base: PathBase): string | undefined {
  if (path === '~' || path.startsWith('~/')) return join(base.home, path.slice(1));
  return path.startsWith('~') ? undefined : resolve(base.folder, path);
}
