const NOT_PRINTABLE = /\p{Cc}/u;

/**
 * Why a config or device may not be called so, or undefined when it may. The format allows anything; names become
 * file names, here and in `vma extract`, so what could leave a folder or confuse a terminal is refused.
 */
export function nameProblem(name: string): string | undefined {
  if (name === '') return 'is empty';
  if (name === '.' || name === '..') return 'names a folder';
  if (name.includes('/')) return 'contains a slash';
  if (NOT_PRINTABLE.test(name)) return 'contains a control character';
  return undefined;
}
